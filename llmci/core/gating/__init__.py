"""From two runs and rules to verdicts: what may be compared, how cases pair up, what each rule asks and hears."""
