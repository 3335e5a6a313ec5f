"""Measuring: one step at a time over our own stream; facts, no opinion. Decides nothing."""
