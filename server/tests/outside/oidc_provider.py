"""A provider of OpenID Connect that was not written here: `oidc_provider.py` prints its address and serves until it is killed.

It is oidc-provider-mock, which holds no code to RFC 7636; what is missing is added here with Authlib's own function, and a
code without a challenge, or with another verifier than its own, is refused.
"""

import os

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import warnings

warnings.simplefilter("ignore")

import flask
import oidc_provider_mock
import werkzeug.serving
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from urllib.parse import parse_qs, urlparse

app = oidc_provider_mock.app(require_nonce=True)
app.debug = False
challenges = {}


@app.before_request
def hold_to_pkce():
    request = flask.request
    if request.path == "/oauth2/authorize" and request.args.get("code_challenge_method") != "S256":
        return flask.jsonify({"error": "invalid_request", "error_description": "no S256 challenge"}), 400
    if request.path == "/oauth2/token":
        challenge = challenges.pop(request.form.get("code"), None)
        if challenge is None or create_s256_code_challenge(request.form.get("code_verifier", "")) != challenge:
            return flask.jsonify({"error": "invalid_grant", "error_description": "not the verifier of the code"}), 400
    return None


@app.after_request
def note_challenge(response):
    code = parse_qs(urlparse(response.headers.get("Location", "")).query).get("code")
    if code:
        challenges[code[0]] = flask.request.args["code_challenge"]
    return response


server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
