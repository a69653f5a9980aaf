"""eval set -> **bench** -> runs: every case to every system; answers cleaned, then scored, then written down."""
