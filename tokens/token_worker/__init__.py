"""The process that holds a PKCS#11 module. The only code that imports pkcs11; tokens/worker.py is its parent's side."""
