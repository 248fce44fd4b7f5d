"""A stand-in for Confluent Cloud's and MongoDB Atlas' APIs: exactly the endpoints that this project uses.

A process of its own with TLS and credentials. docs/cloud.md says which documentation page each endpoint and
field comes from; nobody has held it against the real services.
"""
