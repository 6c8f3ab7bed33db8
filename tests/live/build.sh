#!/bin/sh
# SPDX-License-Identifier: MIT
# `myctr build`: real Containerfiles to images that run, layers that are used again, errors that say where, and
# hostile ones that reach nothing outside their stage.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

export MYCTR
cd "$live_dir" || exit 1
echo secret >"$live_dir/outside"
said=$live_dir/said

# build WHERE OPTIONS...: what it says goes to $said
build() { where=$1; shift; timeout 60 "$MYCTR" build --build-image host="$root" "$@" "$where" >"$said" 2>&1; }
# file DIR: a context with the Containerfile of standard input
file() { rm -rf "$1"; mkdir -p "$1"; cat >"$1/Containerfile"; }
run() { "$MYCTR" run --rm --read-only "$@" 2>&1; }
left() { find "$MYCTR_DATA/build" -maxdepth 1 -name 'w-*' 2>/dev/null; grep "$live_dir" /proc/self/mounts; }

# ---- an ordinary one -------------------------------------------------------------------------------

file one.d <<END
# syntax=docker/dockerfile:1
ARG BASE=host
FROM \${BASE} AS tools
ENV GREETING="hello there" PATH=/bin
ARG WHO=world
RUN echo "\$GREETING \$WHO" >/greeting && \\
    # a comment in between
    id -u >/id
COPY . /ctx/
RUN <<DOC
ls /ctx >/list
cat /ctx/sub/b.txt >>/list
DOC

FROM scratch
ENV PATH=/bin
COPY --from=tools /bin /bin
COPY --from=tools --chown=33:44 --chmod=0640 /greeting /list /id /out/
COPY <<passwd /etc/
www:x:33:44::/:/bin/sh
passwd
WORKDIR /out
USER www
LABEL version=1.2 "of what"="a b"
EXPOSE 80/tcp
VOLUME /out
STOPSIGNAL INT
ENTRYPOINT ["cat"]
CMD ["greeting"]
END
mkdir one.d/sub; echo b >one.d/sub/b.txt; echo x >one.d/x.o; echo k >one.d/keep.o
printf '*.o\n!keep.o\nContainerfile\n' >one.d/.containerignore

check "a Containerfile of two stages is built" build one.d -t one:1 -t one
is "its command runs as its user, in its folder" "hello there world" "$(run one)"
is "a command replaces CMD, not ENTRYPOINT" "$(printf '%s\n' keep.o sub b)" "$(run one:1 list)"
is "--chown and --chmod" "640 33 44" "$(run --entrypoint /bin/stat one -c '%a %u %g' /out/greeting)"
is "RUN was root" 0 "$(run one id)"
has "progress says which step of how many" "^Step 1/19: FROM" "$(cat "$said")"
has "and what was made" "^sha256:[0-9a-f]{64} (squashfs|tar.lz4), .*M, [0-9]+ s" "$(cat "$said")"
has "image inspect shows what it says of itself" "stop-signal *= *INT" "$("$MYCTR" image inspect one 2>&1)"
is "nothing but layers is left" "" "$(left)"

id=$(grep -o '^sha256:[0-9a-f]*' "$said")
sleep 1
build one.d -t one:2
is "equal content is the same image" "$id" "$(grep -o '^sha256:[0-9a-f]*' "$said")"
is "a second build does every step as before" 7 "$(grep -c '^  as before' "$said")"
hasnt "and runs nothing" "^  [0-9.]+ s" "$(cat "$said")"
has "nor is the image packed again" "^  the image is there already" "$(cat "$said")"
build one.d --format tar -t one:tar
has "in another format it is" "^sha256:[0-9a-f]{64} tar," "$(cat "$said")"
"$MYCTR" image rm one:tar >/dev/null
build one.d --format tar -t one:tar
has "and again when it was removed" "^  packing" "$(cat "$said")"
is "from the same layers" "hello there world" "$(run one:tar)"
"$MYCTR" image rm one:tar >/dev/null
is "under both names" "$(run one:1)" "$(run one:2)"
echo more >>one.d/sub/b.txt
build one.d -t one:3
is "a changed file does only what follows from it anew" 2 "$(grep -c '^  as before' "$said")"
has "and it shows" more "$(run one:3 list)"
build one.d -t one:4 --build-arg WHO=you
is "--build-arg takes the place of the default" "hello there you" "$(run one:4)"
build one.d --no-cache -t one:5
hasnt "--no-cache does everything anew" "as before" "$(cat "$said")"
check "--target builds one stage, and only what it needs" build one.d --target tools -t tools
hasnt "not the other" "WORKDIR" "$(cat "$said")"
is "which runs" "hello there world" "$(run tools cat /greeting)"

# ---- forms and rules -------------------------------------------------------------------------------

file two.d <<END
FROM tools
SHELL ["/bin/sh", "-e", "-c"]
ENV A=1 B="\$A two" C='\$A'
ENV D=\${A:+set}\${Z:-unset}
RUN printf '%s|' "\$A" "\$B" "\$C" "\$D" >/vars
RUN ["sh", "-c", "echo exec >/exec"]
WORKDIR /a
WORKDIR b
RUN pwd >/pwd; rm /list; rm -rf /ctx; mkdir /ctx; echo only >/ctx/only
ADD in.tar plain.txt in.gz /added/
COPY *.txt [ab]/*.c /many/
COPY dir /many
CMD cat /vars /exec /pwd; ls /added /many; test ! -e /list; cat /ctx/*
END
mkdir two.d/a two.d/dir two.d/dir/deep
echo plain >two.d/plain.txt; echo c >two.d/a/x.c; echo d >two.d/dir/deep/d
ln -s /etc/passwd two.d/dir/link
(cd two.d && echo t >t.log && tar cf in.tar t.log && gzip -c plain.txt >in.gz && rm t.log)
check "the second" build two.d -t two
is "words, forms, folders, removed files, archives and patterns" "$(printf '%s\n' '1| two|$A|setunset|exec' /a/b /added: \
	in.gz plain.txt t.log '' /many: deep link plain.txt x.c only)" "$(run two)"
is "a link is copied as a link" /etc/passwd "$(run two readlink /many/link)"

check "to a file: tar" build two.d --format tar -o two.tar
is "which GNU tar reads" plain "$(tar xOf two.tar added/plain.txt 2>&1)"
echo mine >two.tar.new
check "to a file that is there" build two.d --format tar -o two.tar
is "nobody else's beside it is touched" "two.tar two.tar.new mine" "$(echo two.tar*) $(cat two.tar.new)"
rm two.tar.new
printf 'FROM scratch\nCOPY . /all/\n' >sees.file
build -f sees.file two.d --format tar -o two.d/out.tar
is "the file being written is in no COPY of its folder" "" "$(tar tf two.d/out.tar | grep out.tar)"
rm two.d/out.tar
fails "a folder that is not there" build two.d --format tar -o nowhere/two.tar
hasnt "is known before the first step" "Step" "$(cat "$said")"
check "tar.lz4" build two.d --format tar.lz4 -o two.tar.lz4
is "which runs in place" "$(run two)" "$(run "$live_dir/two.tar.lz4")"
check "a build on a squashfs file" sh -c 'mkdir -p three.d; cp "$1" three.d/base; printf "FROM ./base\nRUN echo three >/3\nCMD cat /3\n" >three.d/Containerfile
	"$MYCTR" build -t three three.d' sh "$live_dir/two.tar.lz4"
is "has both" three "$(run three)"
check "a Containerfile from standard input" sh -c 'printf "FROM tools\nCMD echo stdin\n" | "$MYCTR" build -t stdin -f - one.d'
is "with its command" stdin "$(run stdin)"

file mounts.d <<'END'
FROM tools
RUN --mount=type=bind,source=src,target=/src --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch \
    cat /src/f >/f; echo x >>/cache/n; wc -l </cache/n >/n; echo t >/scratch/t
RUN --mount=type=bind,from=tools,source=/greeting,target=/g cat /g >/g2
RUN --network=none cat /proc/net/dev | grep -c : >/links
CMD cat /f /n /g2 /links; ls -d /src /cache /scratch 2>/dev/null
END
mkdir mounts.d/src; echo f >mounts.d/src/f
check "RUN --mount and --network" build mounts.d -t mounts
is "are there meanwhile, and not in the image" "$(printf '%s\n' f 1 'hello there world' 1)" "$(run mounts)"
build mounts.d --no-cache -t mounts
is "a cache is kept from build to build" 2 "$(run mounts cat /n)"
echo changed >mounts.d/src/f
build mounts.d -t mounts
is "a change of what is bound is seen" changed "$(run mounts cat /f)"
fails "a file does not give itself the host's network" sh -c 'printf "FROM tools\nRUN --network=host true\n" |
	"$MYCTR" build -f - mounts.d'
printf 'FROM scratch\nCOPY src /s\nWORKDIR /w\n' >umask.d
check "with a umask of 077" sh -c 'umask 077; "$MYCTR" build -f umask.d --format tar -o umask.tar mounts.d'
hasnt "folders are for everybody" "^drwx------" "$(tar tvf umask.tar)"
fails "a bind of the context cannot be written" sh -c 'printf "FROM tools\nRUN --mount=type=bind,target=/c touch /c/new\n" |
	"$MYCTR" build -f - mounts.d'
check "limits are for RUN's containers" sh -c 'printf "FROM tools\nRUN ulimit -n >/n\nCMD cat /n\n" |
	"$MYCTR" build --rlimit nofile=77 -t limited -f - mounts.d'
is "as they were given" 77 "$(run limited)"

file owner.d <<'END'
FROM --platform=$BUILDPLATFORM tools AS on-linux
FROM on-${TARGETOS}
USER 33:44
WORKDIR /srv/of/user
COPY --chown=33:44 src/f /opt/deep/down/f
USER 0
RUN --mount=type=tmpfs,target=/scratch <<DOC
#!/bin/sh -e
echo "$0 $proxy$https_proxy $((1 << 3))" >/by
DOC
RUN ls / | grep script >/left || true
CMD stat -c '%u:%g %n' /srv /srv/of /srv/of/user /opt/deep /opt/deep/down/f; cat /by /left
END
mkdir owner.d/src; echo f >owner.d/src/f
check "what WORKDIR and COPY make on the way" build owner.d -t owner --build-arg https_proxy=host:3128 --build-arg mistyped=1
is "is the user's, a document can be a program, and proxies are known to it" "33:44 /srv
33:44 /srv/of
33:44 /srv/of/user
33:44 /opt/deep
33:44 /opt/deep/down/f
/.myctr-script host:3128 8" "$(run owner)"
has "an argument that nobody takes is remarked" "^myctr: Containerfile: has no ARG mistyped" "$(cat "$said")"
hasnt "but not the proxy" "https_proxy" "$(cat "$said")"

layer()
{
	rm -rf "$MYCTR_DATA/build/l"
	printf 'FROM host\nRUN true\n' | "$MYCTR" build --build-image host="$root" -t empty -f - mounts.d >"$said" 2>&1
	find "$MYCTR_DATA/build/l" -mindepth 2
}
is "a RUN that changes nothing leaves nothing" "" "$(rm -rf "$root/sys"; layer; mkdir "$root/sys")"

# ---- errors ----------------------------------------------------------------------------------------

# bad NAME PATTERN: the Containerfile of standard input fails with one sentence like that
bad()
{
	file bad
	mkdir bad/d; echo f >bad/f
	ln -s "$live_dir/outside" bad/out; ln -s ../../../../../../etc bad/up
	if build bad -t bad; then not_ok "$1" "it was built: $(cat "$said")"; else has "$1" "$2" "$(cat "$said")"; fi
}
bad "a failing command says where" '^myctr: Containerfile:3: RUN: the command ended with status 3$' <<END
FROM tools

RUN exit 3
END
bad "an unknown instruction" 'Containerfile:2: unknown instruction RUNN; did you mean RUN\?' <<END
FROM tools
RUNN x
END
bad "an unknown base" 'Containerfile:1: FROM: .*nothere' <<END
FROM nothere
END
bad "a missing source" 'Containerfile:2: COPY: nofile: not to be had from the context' <<END
FROM tools
COPY nofile /
END
bad "a pattern without a match" 'COPY: \*\.nothing: matches no file of the context' <<END
FROM tools
COPY *.nothing /
END
bad "several files to what is no folder" 'COPY: /f: several files go to a folder' <<END
FROM tools
COPY f d /f
END
bad "another machine's image" 'Containerfile:1: FROM: --platform=linux/other: images are built and run for linux/' <<END
FROM --platform=linux/other tools
END
bad "an address" 'ADD: https://x/y: nothing is fetched' <<END
FROM tools
ADD https://x/y /
END
bad "a user who is not there" 'COPY: --chown: .*nobody-here' <<END
FROM tools
COPY --chown=nobody-here f /
END
bad "a program that is not there" 'Containerfile:2: RUN: .*not.*there' <<END
FROM tools
RUN ["/not/there"]
END
bad "a secret" 'RUN: --mount: type secret: not supported' <<END
FROM tools
RUN --mount=type=secret,target=/s cat /s
END
bad "a variable that must be set" 'COPY: NEEDED: say which' <<END
FROM tools
COPY \${NEEDED:?say which} /
END
fails "no Containerfile" build d
fails "no context" build nowhere
fails "a format that is none" build one.d --format zip -o x.zip
hasnt "fails before anything is done" Step "$(cat "$said")"
is "a failed build leaves no image" "" "$("$MYCTR" image ls 2>/dev/null | grep '^bad')"
is "and nothing else" "" "$(left)"
echo old >keep.tar
build bad --format tar -o keep.tar
is "nor does it touch the file it was to make" old "$(cat keep.tar)"

# ---- hostile ones ------------------------------------------------------------------------------------

# out NAME: the Containerfile of standard input, whether it works or not, brings nothing of the host's into the image
out()
{
	file bad; mkdir bad/d
	ln -s "$live_dir/outside" bad/out; ln -s ../../../../../../../../../.. bad/up
	build bad -t bad --format tar -o bad.tar --no-cache
	if [ -f bad.tar ] && tar xOf bad.tar 2>/dev/null | grep -aq '^secret'; then not_ok "$1" "$(cat "$said")"; else ok "$1"; fi
	rm -f bad.tar
}
out "COPY of a link to outside of the context" <<END
FROM scratch
COPY out /
END
out "COPY through a link upwards" <<END
FROM scratch
COPY up$live_dir/outside /
END
out "COPY with .." <<END
FROM scratch
COPY ../outside /
END
out "COPY --from a stage that has such a link" <<END
FROM tools AS x
RUN ln -s / /host; ln -s $live_dir/outside /out
FROM scratch
COPY --from=x /out /host$live_dir/outside /
END
out "COPY --from a folder of the host" <<END
FROM scratch
COPY --from=$live_dir /outside /
END
out "FROM a folder of the host" <<END
FROM $live_dir
END
out "FROM a folder above the context" <<END
FROM ./up$live_dir
END
out "RUN --mount from a folder of the host" <<END
FROM tools
RUN --mount=from=$live_dir,target=/m cat /m/outside >/got
END
mkdir tools; echo secret >tools/secret
out "FROM a folder that is called as an image is" <<END
FROM tools
END
rm -r tools
out "RUN --mount with a source through a link" <<END
FROM tools
RUN --mount=type=bind,source=out,target=/m cat /m >/got
END
out "RUN --mount from a stage with such a link" <<END
FROM tools AS x
RUN ln -s / /host
FROM tools
RUN --mount=type=bind,from=x,source=/host$live_dir,target=/m cat /m/outside >/got
END
file bad <<END
FROM tools
RUN ln -s $live_dir /away && ln -s $live_dir/planted /file && mkdir /x && ln -s $live_dir /x/etc
WORKDIR /away/made
COPY f /away/copied
COPY f /file
COPY f /x/etc/
ADD a.tar /away/
RUN --mount=type=cache,id=../../../planted,target=/c --mount=type=tmpfs,target=/away/t true
END
echo f >bad/f; tar cf bad/a.tar -C bad f
check "links in the stage where files go" build bad -t bad
is "lead nowhere outside it" "" "$(ls -d made copied planted f t "$MYCTR_DATA/planted" 2>/dev/null)"
is "nothing outside was changed" secret "$(cat outside)"
is "mounts, work folders: nothing is left" "" "$(left)"

# ---- killed --------------------------------------------------------------------------------------------

file slow.d <<END
FROM tools
RUN echo one >/1
RUN echo two >/2; sleep 31338
END
"$MYCTR" build -t slow slow.d >"$said" 2>&1 &
builder=$!
until_true 5 pgrep -f '^sleep 31338'
kill -9 $builder
wait $builder 2>/dev/null
gone() { ! pgrep -f '^sleep 31338'; }
check "a killed build takes its container along" until_true 5 gone
is "and its mounts" "" "$(grep "$live_dir" /proc/self/mounts)"
build one.d -t one
is "the next one collects what it left" "" "$(left)"
sed -i 's/; sleep 31338//' slow.d/Containerfile
build slow.d -t slow
is "and what was whole of it is used" 1 "$(grep -c 'as before' "$said")"
"$MYCTR" build -t slow slow.d --build-arg x=1 --no-cache >/dev/null 2>&1 &
"$MYCTR" build -t slow2 slow.d --no-cache >/dev/null 2>&1
other=$?
wait $!
is "two at a time do not meet" "0 0" "$? $other"

# ---- text, owners, what stages hand on -------------------------------------------------------------------

file more.d <<'END'
FROM tools AS base
SHELL ["/bin/sh", "-c", "echo shell >/shell; eval \"$0\""]
ARG HANDED=on
RUN mkdir /own; echo a >/own/a; chown 5:6 /own/a; ln /own/a /own/b
FROM base AS next
RUN echo "$HANDED" >/handed; cat /shell >>/handed
FROM tools
COPY --from=next /own /handed /got/
COPY --from=next --chown=7 /own/a /seven
COPY <<EOF /doc
name="$GREETING" path=C:\new don't \$A
EOF
CMD cat /doc /got/handed; stat -c '%u:%g %h' /got/a /got/b /seven
END
check "one with owners, hard links and quotes in a document" build more.d -t more
is "a document's quotes stay, SHELL and ARG go to the next stage, owners and links stay" "$(printf '%s\n' \
	"name=\"hello there\" path=C:\\new don't \$A" on shell '5:6 2' '5:6 2' '7:7 1')" "$(run more)"

file hidden.d <<'END'
FROM tools
COPY way /got
CMD ls /got
END
mkdir hidden.d/keys; echo k >hidden.d/keys/key; echo o >hidden.d/keys/open
printf 'keys/key\nlost\n' >hidden.d/.containerignore
ln -s keys hidden.d/way
check "COPY of a link to a folder" build hidden.d -t hidden
is "leaves out what the ignore file does, whatever it is called" open "$(run hidden)"
chmod 0700 hidden.d/keys
build hidden.d -t hidden
is "the mode of a folder is part of its layer's key" 0 "$(grep -c 'as before' "$said")"
build hidden.d -t hidden
is "which is found again" 1 "$(grep -c 'as before' "$said")"
ln -sfn keys/key hidden.d/way
fails "COPY of a link to a file that is left out" build hidden.d
has "says where it leads" "way: leads to keys/key, which is left out of the context" "$(cat "$said")"

file health.d <<'END'
FROM tools AS checked
HEALTHCHECK --interval=1m30s --timeout=1.5s --retries=4 --start-period=0s CMD cat /ok || exit 1
FROM checked AS exec
SHELL ["/bin/busybox", "sh", "-c"]
HEALTHCHECK CMD ["cat", "/a b"]
FROM checked AS none
HEALTHCHECK NONE
CMD true
END
build health.d --target checked -t checked; build health.d --target exec -t checkexec; build health.d --target none -t checknone
has "HEALTHCHECK is in the image" "^health = exec /bin/sh -c ['\"]cat /ok \|\| exit 1['\"] every 90000ms timeout 1500ms retries 4$" "$("$MYCTR" image inspect checked)"
has "also its exec form" "^health = exec cat ['\"]/a b['\"]$" "$("$MYCTR" image inspect checkexec)"
has "and that there is none" "^health = none$" "$("$MYCTR" image inspect checknone)"
bad "a health check's time that is none" 'HEALTHCHECK: --interval=soon: wants a time' <<END
FROM tools
HEALTHCHECK --interval=soon CMD true
END
bad "and its number" 'HEALTHCHECK: retries many: expected a number' <<END
FROM tools
HEALTHCHECK --retries=many CMD true
END

file archive.d <<'END'
FROM tools
ADD r.tar.xz /
END
printf '\3757zXZ\0rest' >archive.d/r.tar.xz
fails "ADD of an archive nobody here can read" build archive.d
has "is no plain file" "ADD: r.tar.xz: xz-compressed, which is not supported" "$(cat "$said")"
(cd two.d && tar cf ../archive.d/a.tar plain.txt)
printf 'FROM tools\nADD --chmod=700 a.tar /\n' >archive.d/Containerfile
fails "ADD of an archive with --chmod" build archive.d
has "is refused" "a.tar: an archive says modes itself" "$(cat "$said")"
printf 'FROM tools\nADD --chown=1:2 a.tar /given/\nADD a.tar /taken/\nCMD stat -c %%u:%%g /given/plain.txt /taken/plain.txt\n' >archive.d/Containerfile
check "ADD of an archive with --chown" build archive.d -t given
is "gives all of it to that one" "1:2 0:0 " "$(run given | tr '\n' ' ')"
rm archive.d/Containerfile; ln -s "$live_dir/outside" archive.d/Containerfile
fails "a Containerfile that is a link to outside" build archive.d
hasnt "is not read" secret "$(cat "$said")"
rm archive.d/Containerfile; mkfifo archive.d/Containerfile
timeout 5 "$MYCTR" build archive.d >"$said" 2>&1
has "nor is a pipe waited for" "Containerfile: Invalid" "$(cat "$said")"

printf 'FROM tools\nRUN ulimit -n >/n\nCMD cat /n\n' >hidden.d/Containerfile
build hidden.d --rlimit nofile=78 -t asked
build hidden.d --rlimit nofile=79 -t asked
is "another limit is another layer" 79 "$(run asked)"
build hidden.d --rlimit nofile=79 -t asked
is "and the same one is the same" 1 "$(grep -c 'as before' "$said")"

check "--prune" "$MYCTR" build --prune
is "leaves no layers" "" "$(ls "$MYCTR_DATA/build")"
check "and the next build works" build slow.d -t slow --build-image tools="$root"
done_testing
