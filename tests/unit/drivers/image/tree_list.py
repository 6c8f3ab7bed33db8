#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints everything about a tree that an archive keeps, a line for each file, in order of names."""
import hashlib
import os
import stat
import sys

os.chdir(sys.argv[1])
names = []
for folder, folders, files in os.walk(b'.'):
    names += [os.path.join(folder, name) for name in folders + files]
first = {}
for name in [b'.'] + sorted(names):
    st = os.lstat(name)
    what = ''
    if stat.S_ISREG(st.st_mode):
        what = '%d %s' % (st.st_size, hashlib.sha256(open(name, 'rb').read()).hexdigest())
    elif stat.S_ISLNK(st.st_mode):
        what = ascii(os.readlink(name))
    elif stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
        what = '%d:%d' % (os.major(st.st_rdev), os.minor(st.st_rdev))
    if stat.S_ISDIR(st.st_mode):
        same = ''
    else:
        same = ascii(first.setdefault(st.st_ino, name))
    attributes = ['%s=%s' % (key, os.getxattr(name, key, follow_symlinks=False).hex())
                  for key in sorted(os.listxattr(name, follow_symlinks=False))]
    print(ascii(name), '%o' % st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, what, same, *attributes)
