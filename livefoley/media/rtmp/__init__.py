"""RTMP: a sans-IO protocol, a server shell and a publisher shell."""
