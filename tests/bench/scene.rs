//! What the contenders look at: many sockets.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A thousand connections to one listener stay within its backlog and its ports.
const TO_ONE_LISTENER: usize = 1_000;

pub(crate) fn listeners(number: usize) -> Vec<TcpListener> {
    let listen = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    (0..number).map(listen).collect()
}

/// Unix listeners with abstract names.
pub(crate) fn unix_listeners(number: usize) -> Vec<UnixListener> {
    let listen = |at| {
        let name = format!("sockdoctor-bench-{}-{at}", std::process::id());
        let address = SocketAddr::from_abstract_name(name).expect("a name");
        UnixListener::bind_addr(&address).expect("a listener")
    };
    (0..number).map(listen).collect()
}

/// How many connections one process holds: each takes two descriptors.
const OF_ONE_PROCESS: usize = 5_000;

/// A process that holds connections, until this is dropped.
pub(crate) struct Holder {
    process: Child,
}

/// So many connections in the namespace of the calling thread, held by processes of their own.
pub(crate) fn connected(number: usize) -> Vec<Holder> {
    let starts = (0..number).step_by(OF_ONE_PROCESS);
    let holders = starts.map(|start| Holder::start(OF_ONE_PROCESS.min(number - start)));
    holders.collect()
}

impl Holder {
    /// Starts this program again, to [`hold`].
    fn start(number: usize) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args(["--hold", &number.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let mut ready = [0];
        let answer = process.stdout.take().expect("its stdout");
        { answer }.read_exact(&mut ready).expect("its connections");
        Holder { process }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().expect("it ends");
    }
}

/// Makes so many connections, says that they are there, and holds both ends of each until stdin
/// is closed.
pub(crate) fn hold(number: usize) {
    let listeners = listeners(number.div_ceil(TO_ONE_LISTENER));
    let connect = |at: usize| {
        let listener = &listeners[at / TO_ONE_LISTENER];
        let address = listener.local_addr().expect("its address");
        let client = TcpStream::connect(address).expect("a connection");
        let (server, _) = listener.accept().expect("its other end");
        (client, server)
    };
    let _connections: Vec<_> = (0..number).map(connect).collect();
    let mut stdout = std::io::stdout();
    stdout.write_all(b".").expect("stdout");
    stdout.flush().expect("stdout");
    let _ = std::io::stdin().read(&mut [0]);
}

/// As many descriptors as this process may have.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("the limit of descriptors");
}

pub(crate) fn compile_floor(folder: &Path) -> PathBuf {
    let (linked, program) = (folder.join("floor.linked"), folder.join("floor"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/floor.c");
    let status = Command::new("cc")
        .args(["-O2", "-o"])
        .args([linked.as_path(), Path::new(source)])
        .status()
        .expect("cc runs");
    assert!(status.success(), "cc: {status}");
    std::fs::copy(linked, &program).expect("a copy of the program");
    program
}

/// The files of the namespaces that `ip netns` knows.
pub(crate) fn netns_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/run/netns").expect("/run/netns");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}
