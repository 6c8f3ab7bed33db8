#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes hostile and damaged OCI layouts and Docker archives to a folder: NAME.tar, or NAME/ for folders, with
NAME.want, the words the refusal must have ("" when it is to be loaded)."""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile

out = sys.argv[1]
machine = {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(os.uname().machine, os.uname().machine)


def tar(entries):
    """entries: (name, bytes) or (name, ('link'|'hard', target))"""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode='w', format=tarfile.PAX_FORMAT) as t:
        for name, what in entries:
            info = tarfile.TarInfo(name)
            if isinstance(what, bytes):
                info.size = len(what)
                t.addfile(info, io.BytesIO(what))
            else:
                info.type = tarfile.SYMTYPE if what[0] == 'link' else tarfile.LNKTYPE
                info.linkname = what[1]
                t.addfile(info)
    return data.getvalue()


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


class Layout:
    def __init__(self):
        self.files = {'oci-layout': b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, data):
        self.files['blobs/sha256/' + digest(data)[7:]] = data
        return {'mediaType': 'x', 'digest': digest(data), 'size': len(data)}

    def index(self, *descriptors):
        self.files['index.json'] = json.dumps({'schemaVersion': 2, 'manifests': list(descriptors)}).encode()


def image(layers, config=None, packed=None, change=None):
    """A layout with these layers (bytes of tar); change edits manifest and layout before they are written."""
    o = Layout()
    config = config or {}
    stored = [p if packed else layer for layer, p in zip(layers, packed or layers)]
    conf = {'architecture': machine, 'os': 'linux', 'config': config,
            'rootfs': {'type': 'layers', 'diff_ids': [digest(layer) for layer in layers]}}
    manifest = {'schemaVersion': 2, 'config': o.blob(json.dumps(conf).encode()),
                'layers': [o.blob(layer) for layer in stored]}
    if change:
        change(o, manifest)
    o.index(o.blob(json.dumps(manifest).encode()))
    return o


def write(name, o, want, folder=False):
    open(os.path.join(out, name + '.want'), 'w').write(want)
    if not folder:
        data = o if isinstance(o, bytes) else tar(o.files.items())
        open(os.path.join(out, name + '.tar'), 'wb').write(data)
        return
    for path, data in o.files.items():
        path = os.path.join(out, name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, 'wb').write(data)


good = tar([('etc/file', b'x')])
outside = os.path.join(out, 'outside')
open(outside, 'w').write('secret')

write('good', image([good]), '')
write('good-empty', image([]), '')
write('dotdot', image([tar([('../../../../tmp/evil', b'x')])]), "names with '..' are refused")
write('through-link', image([tar([('l', ('link', out))]), tar([('l/outside', b'new')])]), 'cannot open its folder')
write('whiteout-through-link', image([tar([('l', ('link', out))]), tar([('l/.wh.outside', b'')])]), '')
write('whiteout-dotdot', image([tar([('.wh...', b'')])]), 'whiteout of a folder by itself')
write('opaque-through-link', image([tar([('l', ('link', out))]), tar([('l/.wh..wh..opq', b'')])]), '')
write('hard-link-outside', image([tar([('h', ('hard', '../../' + outside))])]), 'hard link to a name outside')
write('config-link', image([tar([('.myctr', ('link', out)), ('x', b'')])]), '')
write('config-is-link', image([tar([('.myctr/image.conf', ('link', outside))])]), '')
write('wrong-layer', image([good], change=lambda o, m: o.files.update(
    {'blobs/sha256/' + m['layers'][0]['digest'][7:]: good[:-1] + b'x'})), 'is not what its SHA-256 says')
write('wrong-size', image([good], change=lambda o, m: m['layers'][0].update(size=5)), 'has not the size that is said')
write('wrong-diff-id', image([good], packed=[gzip.compress(tar([('etc/other', b'x')]))]), 'is not what its SHA-256 says')
write('missing-layer', image([good], change=lambda o, m: o.files.pop('blobs/sha256/' + m['layers'][0]['digest'][7:])),
      'is missing from the archive')
write('digest-as-path', image([good], change=lambda o, m: m['layers'][0].update(digest='sha256:../../../outside')),
      'not 64 hex digits')
write('digest-short', image([good], change=lambda o, m: m['layers'][0].update(digest='sha256:' + 'a' * 63)),
      'not 64 hex digits')
write('digest-other', image([good], change=lambda o, m: m['layers'][0].update(digest='sha512:' + 'a' * 128)),
      'only sha256 is known')
write('more-layers', image([good], change=lambda o, m: m['layers'].append(m['layers'][0])),
      'its configuration has 1 layers, its manifest 2')
write('truncated-gzip', image([good], packed=[gzip.compress(good)[:-9]]), 'gzip: truncated')
write('unknown-packing', image([good], packed=[b'BZh9' + b'\0' * 600]), 'packed in a way')
bomb = tar([('zero', b'\0' * (64 << 20))])
write('bomb', image([bomb], packed=[gzip.compress(bomb)]), 'ratio limit')
# what no entry of ours is made of: a volume label with much behind it, and much after the end
label = tarfile.TarInfo('label')
label.type = b'V'
label.size = 160 << 20
bomb = label.tobuf(tarfile.GNU_FORMAT) + b'\0' * label.size
write('label-bomb', image([bomb], packed=[gzip.compress(bomb, 6)]), 'ratio limit')
bomb = good + b'\0' * (160 << 20)
write('end-bomb', image([bomb], packed=[gzip.compress(bomb, 6)]), 'ratio limit')
del bomb
many = image([good] * 600)
write('many-layers', many, 'more than 512 layers')

deep = Layout()
deep.index({'digest': digest(b'x'), 'size': 1, 'deep': json.loads('[' * 100 + ']' * 100)})
write('deep-json', deep, 'not valid JSON')
loop = Layout()
entry = image([good]).files
for _ in range(8):
    loop.files.update(entry)
    entry = {}
    loop.files['index.json'] = loop.files['index.json']
    inner = loop.blob(loop.files['index.json'])
    loop.index(inner)
write('index-in-index', loop, 'indexes within indexes')
cut = tar(image([good]).files.items())
write('cut', cut[:2000], 'truncated')
junk = Layout()
junk.files['index.json'] = b'{"manifests": [' + b'1,' * 10000 + b'2]}'
write('junk-index', junk, 'no image for')
binary = Layout()
binary.files['index.json'] = bytes(range(256))
write('binary-index', binary, 'not valid JSON')

evil = image([good], config={'Env': ['A=b\nprivileged = yes', 'no equals sign', 'X=\u001b[2J'],
                             'Cmd': ['sh', '-c', 'echo "$HOME" \\ \'q\''], 'User': 'root\n[container x]',
                             'Labels': {'a\nmemory': 'max', 'k': 'v\n[system]\nhostname = evil'},
                             'ExposedPorts': {'80/tcp': {}, '99999/tcp': {}, 'x': {}}, 'WorkingDir': 'rel',
                             'Volumes': {'/data': {}, 'rel': {}}, 'StopSignal': 'SIGRTMIN+99'})
write('evil-config', evil, '')

folder = image([good])
write('folder-good', folder, '', True)
link = image([good])
write('folder-link', link, '[Ss]ymbolic', True)
for name in list(link.files):
    if name.startswith('blobs/') and link.files[name] == good:
        path = os.path.join(out, 'folder-link', name)
        os.unlink(path)
        os.symlink(os.path.join(out, 'good.tar'), path)

conf = json.dumps({'architecture': machine, 'os': 'linux', 'config': {},
                   'rootfs': {'type': 'layers', 'diff_ids': [digest(good)]}}).encode()


def docker(layer_name, files, config='c.json', tags='a:1'):
    manifest = json.dumps([{'Config': config, 'RepoTags': [tags], 'Layers': [layer_name]}]).encode()
    return tar([('c.json', conf)] + files + [('manifest.json', manifest)])


write('docker-old', docker('1/layer.tar', [('1/layer.tar', good)]), '')
write('docker-link', docker('2/layer.tar', [('1/layer.tar', good), ('2/layer.tar', ('link', '../1/layer.tar'))]), '')
write('docker-hard-link', docker('2/layer.tar', [('1/layer.tar', good), ('2/layer.tar', ('hard', '1/layer.tar'))]), '')
write('docker-link-outside', docker('2/layer.tar', [('2/layer.tar', ('link', '../../..' + out + '/good.tar'))]),
      'is missing from the archive')
write('docker-link-loop', docker('1/layer.tar', [('1/layer.tar', ('link', '../2/layer.tar')),
                                                 ('2/layer.tar', ('link', '../1/layer.tar'))]),
      'is missing from the archive')
write('docker-path', docker('../../../../etc/passwd', []), 'is missing from the archive')
write('docker-other', docker('1/layer.tar', [('1/layer.tar', tar([('etc/other', b'y')]))]), 'is not what its SHA-256 says')
two = json.dumps([{'Config': 'c.json', 'RepoTags': [t], 'Layers': ['l']} for t in ('a:1', 'b:2\u001b[2J')]).encode()
write('docker-two', tar([('c.json', conf), ('l', good), ('manifest.json', two)]), 'holds several images')
