# Installs a list of exact versions into /work/packages, inside a container without network. What pip asks for goes out over this
# program's own output and comes in over its input; the finished folder leaves the same way, as a tar.
import compileall, http.server, importlib.metadata, json, os, py_compile, site, subprocess, sys, tarfile, threading

TARGET = "/work/packages"
wanted = json.loads(sys.argv[1])
say, hear, lock = sys.stdout.buffer, sys.stdin.buffer, threading.Lock()


def tell(message):
    say.write(json.dumps(message).encode() + b"\n")
    say.flush()


class Forwarder(http.server.BaseHTTPRequestHandler):
    # One question at a time: an answer belongs to the last question.
    def do_GET(self):
        with lock:
            tell({"get": self.path[:500]})
            head = json.loads(hear.readline())
            self.send_response(head["status"])
            self.send_header("Content-Type", head["type"])
            self.send_header("Content-Length", str(head["bytes"]))
            self.end_headers()
            left = head["bytes"]
            while left > 0:
                piece = hear.read(min(left, 65536))
                if not piece:
                    os._exit(3)
                left -= len(piece)
                self.wfile.write(piece)

    def log_message(self, *_):
        pass


def unmet():
    """What a package of the list asks for and neither the list nor the base image has."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        from pip._vendor.packaging.requirements import Requirement
    sys.path.insert(0, TARGET)
    problems = []
    for package in importlib.metadata.distributions(path=[TARGET]):
        for text in package.requires or []:
            need = Requirement(text)
            if need.marker is not None and not need.marker.evaluate({"extra": ""}):
                continue
            try:
                have = importlib.metadata.version(need.name)
            except importlib.metadata.PackageNotFoundError:
                have = None
            if have is None or not need.specifier.contains(have, prereleases=True):
                name = package.metadata["Name"]
                problems.append(f"{name} {package.version} needs {need.name}{need.specifier}, found {have or 'none'}")
    return problems


try:
    import pip  # noqa: F401
except ImportError:
    tell({"failed": "no-pip"})
    sys.exit(0)
os.makedirs(os.environ["TMPDIR"], exist_ok=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forwarder)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = ["--isolated", "--no-input", "--disable-pip-version-check", "--no-cache-dir", "--progress-bar", "off", "--retries", "0"]
install = ["--no-deps", "--only-binary", ":all:", "--no-compile", "--no-warn-script-location", "--target", TARGET]
index = ["--timeout", "900", "--index-url", f"http://127.0.0.1:{server.server_address[1]}/simple/"]
command = [sys.executable, "-I", "-m", "pip", "install", *options, *install, *index, *wanted]
# Their output is for people: it goes where nothing is parsed.
if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
    tell({"failed": "pip"})
    sys.exit(0)
problems = unmet()
if problems:
    tell({"failed": "unmet", "problems": [problem[:200] for problem in problems[:10]]})
    sys.exit(0)
# Jobs cannot write beside what they import; not tied to times, which the archive does not keep.
compileall.compile_dir(TARGET, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
tell({"packages": site.getsitepackages()[0]})
with tarfile.open(fileobj=say, mode="w|", format=tarfile.PAX_FORMAT) as archive:
    for folder, folders, files in os.walk(TARGET):
        folders.sort()
        for name in sorted(folders) + sorted(files):
            path = os.path.join(folder, name)
            archive.add(path, os.path.relpath(path, TARGET), recursive=False)
say.flush()
