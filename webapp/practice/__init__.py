"""The practice desk: サービス窓口 and 認証局 in one, for demo, training and tests.

It reads what the house sends with other tools than the house's own (openssl, pdfsig, pdftotext, python-calamine), refuses a
bad packet as the real desk would and says why, notes the call, issues with its own CA and sends the encrypted ZIP.
Nothing it issues is to be trusted anywhere else; every name of its CA carries 練習.
"""
