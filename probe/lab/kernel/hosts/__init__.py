"""The servers that stand in the lab: name servers, resolvers, origins, their authority."""
