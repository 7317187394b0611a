"""The desk: a shop's back office in the browser, over the payments API alone.

create_app(api, access, settings)   the Flask application
python -m desk                      the same on 127.0.0.1, with the operator's AWS credentials
"""
