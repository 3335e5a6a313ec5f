"""The lab in virtual time: what the kernel lab shows with packets, by table, thousands of rounds a second."""
