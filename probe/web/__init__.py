"""The read-only API and pages of a correlator."""
