//! Listeners in a known state, and processes that hold them.

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::net::{bind, listen, socket_with};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use tempfile::TempDir;

/// A TCP listener on loopback, with the port that the kernel chose.
pub(crate) fn tcp_listener(backlog: i32) -> (OwnedFd, SocketAddr) {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    tcp_listener_at(any, backlog, |_| ())
}

/// A TCP listener at an address, after `options` were set on it.
pub(crate) fn tcp_listener_at(
    address: SocketAddr,
    backlog: i32,
    options: impl Fn(&OwnedFd),
) -> (OwnedFd, SocketAddr) {
    let socket = stream_socket(match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    });
    options(&socket);
    bind(&socket, &address).expect("bind");
    listen(&socket, backlog).expect("listen");
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().expect("its address");
    (listener.into(), address)
}

/// A TCP listener whose accept queue takes no more, for as long as this lives.
pub(crate) struct FullListener {
    pub(crate) listener: OwnedFd,
    pub(crate) address: SocketAddr,
    pub(crate) clients: Vec<TcpStream>,
}

impl FullListener {
    /// In the namespace of the calling thread. The queue holds one more than the backlog
    /// (`sk_acceptq_is_full` asks for more than, not for as many as).
    pub(crate) fn new(backlog: u8) -> Self {
        let (listener, address) = tcp_listener(backlog.into());
        let connect = |_| TcpStream::connect(address).expect("room in the queue");
        let clients: Vec<TcpStream> = (0..=backlog).map(connect).collect();
        super::until("the accept queue is full", || {
            accept_queue(address) == Some(clients.len())
        });
        FullListener {
            listener,
            address,
            clients,
        }
    }
}

/// Tries to connect where there is no room: the kernel drops the request and counts it.
pub(crate) fn knock(address: SocketAddr) {
    let patience = Duration::from_millis(10);
    TcpStream::connect_timeout(&address, patience).expect_err("there is no room");
}

/// How many connections wait at `listener`, as /proc/net/tcp of this thread's namespace has it.
fn accept_queue(listener: SocketAddr) -> Option<usize> {
    const LISTEN: &str = "0A";
    let port = format!(":{:04X}", listener.port());
    let table = std::fs::read_to_string("/proc/thread-self/net/tcp").expect("/proc/net/tcp");
    table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let found = columns[1].ends_with(&port) && columns[3] == LISTEN;
        let waiting = columns[4].split(':').nth(1)?;
        found.then(|| usize::from_str_radix(waiting, 16).expect("a number"))
    })
}

/// A unix listener at `path` with one connection waiting and room for no more.
pub(crate) fn full_unix_listener(path: &Path) -> (OwnedFd, UnixStream) {
    let socket = stream_socket(AddressFamily::UNIX);
    bind(&socket, &SocketAddrUnix::new(path).expect("a path")).expect("bind");
    listen(&socket, 0).expect("listen");
    let client = UnixStream::connect(path).expect("room in the queue");
    (socket, client)
}

/// A unix listener with an abstract name.
pub(crate) fn abstract_listener(name: &str, backlog: i32) -> OwnedFd {
    let socket = stream_socket(AddressFamily::UNIX);
    let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).expect("a name");
    bind(&socket, &address).expect("bind");
    listen(&socket, backlog).expect("listen");
    socket
}

/// An accepted unix stream with the name `path`, and as many of `most` unread bytes in it as the
/// kernel takes.
pub(crate) fn unread_unix_stream(path: &Path, most: usize) -> [UnixStream; 2] {
    let listener = UnixListener::bind(path).expect("bind");
    let mut client = UnixStream::connect(path).expect("connect");
    let (accepted, _) = listener.accept().expect("accept");
    client.set_nonblocking(true).expect("non-blocking");
    let taken = client.write(&vec![b'.'; most]).expect("room");
    assert!(taken > 0);
    [client, accepted]
}

fn stream_socket(family: AddressFamily) -> OwnedFd {
    socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).expect("socket")
}

/// A process that holds a socket and does nothing else.
pub(crate) struct Holder {
    child: Child,
    _program: TempDir,
}

impl Holder {
    /// Hands `socket` over to a process with this name, which is then the only one to hold it.
    pub(crate) fn new(name: &str, socket: OwnedFd) -> Self {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let program = directory.path().join(name);
        super::programs::install("/usr/bin/sleep", &program);
        let child = Command::new(&program)
            .arg("infinity")
            .stdin(socket)
            .spawn()
            .expect("the holder starts");
        Holder {
            child,
            _program: directory,
        }
    }

    /// Hands `socket` over to a process whose first thread then ends, and the others live on.
    pub(crate) fn whose_first_thread_has_ended(socket: OwnedFd) -> Self {
        let script = format!(
            "import ctypes, threading, time\n\
             threading.Thread(target=time.sleep, args=(10**6,)).start()\n\
             ctypes.CDLL(None).syscall({}, 0)",
            libc::SYS_exit
        );
        let child = Command::new("python3")
            .args(["-c", &script])
            .stdin(socket)
            .spawn()
            .expect("python3 starts");
        let status = format!("/proc/{}/stat", child.id());
        let stat = || std::fs::read_to_string(&status).expect("its state");
        super::until("the first thread is gone", || stat().contains(") Z "));
        Holder {
            child,
            _program: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// A process that holds a socket, and whose parent has ended.
pub(crate) struct Orphan {
    pub(crate) pid: i32,
}

impl Orphan {
    /// Hands `socket` over to a shell, which leaves it to a child and ends.
    pub(crate) fn with(socket: OwnedFd) -> Self {
        // A shell gives /dev/null as standard input to what it starts in the background.
        let script = "exec 3<&0; sleep infinity <&3 >/dev/null 2>&1 & echo $!";
        let output = Command::new("sh")
            .args(["-c", script])
            .stdin(socket)
            .output()
            .expect("the shell starts");
        let pid = String::from_utf8_lossy(&output.stdout).trim().parse();
        let pid = pid.expect("the pid of the child");
        let name = || std::fs::read_to_string(format!("/proc/{pid}/comm"));
        super::until("the child is sleep", || {
            name().is_ok_and(|name| name == "sleep\n")
        });
        Orphan { pid }
    }
}

impl Drop for Orphan {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_raw(self.pid).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.child.kill().expect("the holder can be ended");
        self.child.wait().expect("the holder ends");
    }
}
