"""The PIN pad of the practice card reader: a page that stands for the buttons of a device (練習), and nothing of the product.

stand_in.c   a PKCS#11 module that stands for a driver of a reader with a PIN pad: it takes no PIN, but asks the pad
module.py    compiles it
pad.py       the pad itself: what it is asked for, and the keys that are pressed
pages.py     its page
"""
