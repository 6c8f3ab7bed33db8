#!/bin/sh
# SPDX-License-Identifier: MIT
# Containerfiles as projects write them, on a Debian root file system made by tools/image/mkimage. What was looked for in
# the files of nginx, httpd and of programs in several stages: ENV in its old form and with PATH, long RUNs with
# comments in them, users made by groupadd and useradd, ARGs in FROM, copies from stages by number and name, entry
# scripts, forms of CMD, health checks. What they fetch from the network comes from the context here.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
cd "$live_dir" || exit 1
"$MYCTR" build --help >/dev/null 2>&1 || { skip "Containerfiles of projects" "this build has no build"; done_testing; exit 0; }
# mkimage's private apt, in the cache of the user
if ! "$live_top/tools/image/mkimage" -p dash -p coreutils -p passwd -p sed -p grep -p findutils -p bash -f dir -o debian >mkimage.out 2>&1; then
	skip "Containerfiles of projects" "no Debian packages: $(tail -n 1 mkimage.out)"
	done_testing
	exit 0
fi
said=$live_dir/said
build() { where=$1; shift; timeout 100 "$MYCTR" build --network none --build-image debian:bookworm-slim="$live_dir/debian" "$@" "$where" >"$said" 2>&1; }
file() { rm -rf "$1"; mkdir -p "$1"; cat >"$1/Dockerfile"; }
run() { "$MYCTR" run --rm --read-only "$@" 2>&1; }

file server <<'END'
#
# NOTE: made by a script
#
FROM debian:bookworm-slim

LABEL maintainer="Server People <people@example.org>" \
      org.opencontainers.image.title="server"

ENV SERVER_VERSION   1.18.0
ENV SERVER_PREFIX /usr/local/server
ENV PATH $SERVER_PREFIX/bin:$PATH

RUN set -eux; \
# the group and the user first, so that their ids stay the same
	groupadd --system --gid 999 server; \
	useradd --system --gid server --uid 999 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin server; \
	\
# folders
	mkdir -p "$SERVER_PREFIX/bin" /var/log/server /docker-entrypoint.d \
	&& chown -R server:server "$SERVER_PREFIX"

WORKDIR $SERVER_PREFIX
RUN tools=' \
		one \
		two \
	' \
	&& for tool in $tools; do \
		case "$tool" in \
			one|three) echo "first $tool" ;; \
# others
			*) echo "other $tool" ;; \
		esac; \
	done > tools.txt \
	&& ln -sf /dev/stdout /var/log/server/access.log \
	&& sed -ri ' \
		s!^(first\s+)\S+!\1changed!g; \
		s!^(other\s+)\S+!\1too!g; \
		' tools.txt

COPY --chmod=755 docker-entrypoint.sh /
COPY 10-listen.sh 20-*.sh /docker-entrypoint.d
VOLUME ["/data"]
EXPOSE 80 443/tcp
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=30s --timeout=3s \
  CMD test -e /docker-entrypoint.sh || exit 1
USER server
ENTRYPOINT [ "/docker-entrypoint.sh" ]
CMD ["server", "-g", "daemon off;"]
END
printf '#!/bin/sh\nset -e\nfor f in /docker-entrypoint.d/*.sh; do . "$f"; done\nexec echo "$(id -un) $SERVER_VERSION $PATH: $*"\n' >server/docker-entrypoint.sh
echo 'cat tools.txt' >server/10-listen.sh
echo 'ls -l /var/log/server/access.log | sed "s/.*-> //"' >server/20-more.sh
check "a server with users, an entry script and a long RUN" build server -t web
is "runs as its file says" "first changed
other too
/dev/stdout
server 1.18.0 /usr/local/server/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin: server -g daemon off;" "$(run web)"
has "with its stop signal" '^stop-signal = .*QUIT' "$("$MYCTR" image inspect web)"
has "its volume" '^data-path = /data$' "$("$MYCTR" image inspect web)"
has "and its health check" '^health = exec /bin/sh -c .* every 30000ms timeout 3000ms$' "$("$MYCTR" image inspect web)"

file stages <<'END'
# syntax=docker/dockerfile:1.4
ARG RELEASE=bookworm
ARG BASE=debian:${RELEASE}-slim

# ---- builder ----
FROM ${BASE} as builder
ARG PROFILE=release
WORKDIR /src
COPY package*.json ./
COPY src src
RUN --mount=type=cache,target=/var/cache/build,sharing=locked \
    --mount=type=bind,source=src,target=/in \
    mkdir -p "target/$PROFILE" && cat /in/main package.json >"target/$PROFILE/app" && chmod +x "target/$PROFILE/app"
RUN <<EOF
set -e
mkdir -p /out/etc
echo "from a document of $(basename "$PWD")" >/out/etc/app.conf
EOF

FROM ${BASE} AS runtime
ENV APP_HOME=/app \
    LANG=C.UTF-8
RUN useradd -U -u 10001 -r -s /sbin/nologin appuser && mkdir -p "${APP_HOME}/config"
WORKDIR ${APP_HOME}
COPY --from=builder --chown=appuser:appuser /src/target/release/app ./bin/app
COPY --from=0 /out/etc/ /etc/
COPY --link --chown=10001 --chmod=0640 <<-"conf" config/app.ini
	[app]
	home = $APP_HOME
conf
ADD ./ ./all
ADD vendor.tar.gz vendor/
RUN ["/bin/bash", "-c", "set -o pipefail; ls all | sort | head -n 3 >list; stat -c '%U %a' bin/app >>list"]
USER 10001:10001
EXPOSE 8000/tcp
CMD cat bin/app /etc/app.conf config/app.ini list vendor/lib; echo "$LANG"

FROM runtime AS test
RUN false

FROM runtime
MAINTAINER Somebody <somebody@example.org>
ONBUILT
END
mkdir stages/src
printf '#!/bin/sh\n' >stages/src/main; echo '{}' >stages/package.json; echo junk >stages/junk.log
printf '**/*.log\nDockerfile\n' >stages/.dockerignore
(mkdir v && echo vendored >v/lib && tar -C v -czf stages/vendor.tar.gz lib)
fails "an instruction that is none" build stages -t program
has "is named with its line" "Dockerfile:4[0-9]: .*ONBUILT" "$(cat "$said")"
sed -i '/ONBUILT/d' stages/Dockerfile
check "a program in several stages" build stages -t program
is "runs with what the stages made" '#!/bin/sh
{}
from a document of src
[app]
home = $APP_HOME
package.json
src
vendor.tar.gz
appuser 755
vendored
C.UTF-8' "$(run program)"
check "its stage runs by name" build stages --target runtime -t runtime
hasnt "and nothing is done twice for it" "^  [0-9]+\.[0-9] s" "$(cat "$said")"
fails "the stage that fails" build stages --target test
has "says where" 'Dockerfile:[0-9]+: RUN: ' "$(cat "$said")"
done_testing
