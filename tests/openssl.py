"""The real `openssl`, as an independent maker and judge of papers in tests."""

import subprocess


def openssl(*words, given=b"", cwd=None):
    """Run `openssl WORDS` with `given` on its standard input; its standard output. Fails loudly."""
    done = subprocess.run(["openssl", *words], input=given, capture_output=True, cwd=cwd, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def new_key(folder, *options):
    """A private key as a PEM file in `folder`, e.g. new_key(tmp_path, "-algorithm", "ed25519")."""
    path = folder / "key.pem"
    openssl("genpkey", *options, "-out", str(path))
    return path


def request(key, subject, *options, config=""):
    """The PEM bytes of a CSR by `openssl req`; `config` is the text of its configuration file."""
    path = key.parent / "openssl.cnf"
    path.write_text(config or "[req]\ndistinguished_name=dn\n[dn]\n")
    return openssl("req", "-new", "-config", str(path), "-key", str(key), "-utf8", "-subj", subject, *options)
