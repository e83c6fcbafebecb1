"""PKCS#11: modules, keys, PINs and to-be-signed bytes. Knows no application form, no SQL and no Flask."""
