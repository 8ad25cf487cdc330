"""Who is let in: keys, the operator's hook, who may watch and read, and proxies that speak for others."""
