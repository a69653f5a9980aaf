"""sanitize -> **label** -> build: clean traces in; a cluster, an anomaly rank and flags for each out.

The clean shelf is read three times in bounded memory: to gather a sample of inputs and what is
normal (`looking`), to place every input (`placing`), and to write the labels (`writing`), which need the whole window's counts (a
group too small to be shown is "other", and a rank is a rank among all).
"""
