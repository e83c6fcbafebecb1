"""しるし: the intranet application that holds the register of code-signing certificates (申請台帳)."""
