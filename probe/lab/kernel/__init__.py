"""The lab over real packets: network namespaces, and one process of ours as the internet between them."""
