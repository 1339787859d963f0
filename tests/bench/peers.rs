//! sockdoctor and what people use instead, side by side: `cargo bench --bench peers`.
//!
//! All contenders take turns, round after round, and each round's times are divided by the
//! time of that round's first contender. What is printed is the median of these ratios: a
//! machine that is slow today is slow for all of them. `--short` only shows that it works;
//! `--also PROGRAM` adds another build of sockdoctor. Needs root, ip, ss, lsns and cc.

#[path = "../situations/support/netns.rs"]
mod netns;

use netns::{Namespace, Namespaces, inside};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::ffi::OsString;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much of everything.
struct Size {
    rounds: usize,
    listeners: usize,
    connections: usize,
    namespaces: &'static [usize],
}

const FULL: Size = Size {
    rounds: 15,
    listeners: 10_000,
    // Twice as many descriptors have to fit into the limit of a process.
    connections: 9_000,
    namespaces: &[200, 1_000],
};

const SHORT: Size = Size {
    rounds: 3,
    listeners: 100,
    connections: 100,
    namespaces: &[5],
};

/// What runs in the bench.
struct Bench {
    size: Size,
    floor: PathBuf,
    doctors: Vec<OsString>,
}

/// A command, and the name that its row carries.
struct Contender {
    label: String,
    words: Vec<OsString>,
}

fn main() {
    raise_descriptor_limit();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bench = Bench::new(folder.path());
    bench.few_listeners();
    bench.many_listeners();
    bench.many_connections();
    for &number in bench.size.namespaces {
        bench.many_namespaces(number);
    }
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let mut size = FULL;
        let mut doctors = vec![env!("CARGO_BIN_EXE_sockdoctor").into()];
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                // cargo adds this one itself.
                Some("--bench") => (),
                Some("--short") => size = SHORT,
                Some("--also") => doctors.push(arguments.next().expect("--also PROGRAM")),
                _ => panic!("unknown argument {}", argument.display()),
            }
        }
        let floor = compile_floor(folder);
        Bench {
            size,
            floor,
            doctors,
        }
    }

    fn few_listeners(&self) {
        let namespace = Namespace::new();
        let _listeners = namespace.inside(|| listeners(3));
        self.in_one("3 listeners", &namespace);
    }

    fn many_listeners(&self) {
        let namespace = Namespace::new();
        let number = self.size.listeners;
        let _listeners = namespace.inside(|| listeners(number));
        self.in_one(&format!("{number} listeners"), &namespace);
    }

    fn many_connections(&self) {
        let namespace = Namespace::new();
        let number = self.size.connections;
        let _connections = namespace.inside(|| connections(number));
        self.in_one(&format!("{number} connections"), &namespace);
    }

    fn many_namespaces(&self, number: usize) {
        let many = Namespaces::new(number);
        let listen = |name: &String| inside(name, || listeners(1));
        let _listeners: Vec<_> = many.names.iter().map(listen).collect();
        // Not only those made here: the others see every one.
        let all = netns_files();
        let title = format!("{} namespaces", all.len());
        let mut contenders = vec![Contender::new("floor", [&self.floor]).with(all)];
        contenders.extend(self.doctors(""));
        contenders.push(Contender::of("ip -all netns exec ss -ltn"));
        contenders.push(Contender::of("lsns -t net"));
        self.compare(&title, &contenders);
    }

    fn in_one(&self, title: &str, namespace: &Namespace) {
        let mut contenders = vec![Contender::new("floor", [&self.floor])];
        contenders.extend(self.doctors(" --netns self"));
        contenders.push(Contender::of("ss -Htn state listening"));
        contenders.push(Contender::of("ss -ltn"));
        namespace.inside(|| self.compare(title, &contenders));
    }

    /// Each build of the program, gathering as little as its peers do and then everything.
    fn doctors(&self, namespaces: &str) -> Vec<Contender> {
        let both = ["check --only accept-queue", "check"];
        let of = |program: &OsString, arguments: &str| {
            let arguments = format!("{arguments}{namespaces}");
            let label = format!("{} {arguments}", name_of(program));
            Contender::new(&label, [program]).with(arguments.split(' '))
        };
        let programs = self.doctors.iter();
        let pairs = programs.flat_map(|program| both.map(|arguments| of(program, arguments)));
        pairs.collect()
    }

    fn compare(&self, title: &str, contenders: &[Contender]) {
        let _warm_up = round(contenders);
        let rounds: Vec<Vec<Duration>> = (0..self.size.rounds).map(|_| round(contenders)).collect();
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{title:<60} × {}", contenders[0].label).expect("stdout");
        for (at, contender) in contenders.iter().enumerate() {
            let ratio = |times: &Vec<Duration>| times[at].div_duration_f64(times[0]);
            let ratio = median(rounds.iter().map(ratio).collect());
            writeln!(out, "  {:<58} {ratio:>7.2}", contender.label).expect("stdout");
        }
    }
}

impl Contender {
    fn new<S: Into<OsString>>(label: &str, words: impl IntoIterator<Item = S>) -> Self {
        Contender {
            label: label.to_owned(),
            words: words.into_iter().map(Into::into).collect(),
        }
    }

    fn of(command: &str) -> Self {
        Contender::new(command, command.split(' '))
    }

    fn with<S: Into<OsString>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// The time that one run takes, as a whole process.
    fn time(&self) -> Duration {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status();
        let time = start.elapsed();
        let status = status.unwrap_or_else(|error| panic!("{}: {error}", self.label));
        // 1 is a report of a failure, which is none of the bench.
        assert!(
            matches!(status.code(), Some(0 | 1)),
            "{}: {status}",
            self.label
        );
        time
    }
}

fn round(contenders: &[Contender]) -> Vec<Duration> {
    contenders.iter().map(Contender::time).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn name_of(program: &OsString) -> String {
    let parts: Vec<_> = Path::new(program).iter().rev().take(3).collect();
    let parts: PathBuf = parts.into_iter().rev().collect();
    parts.display().to_string()
}

fn netns_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/run/netns").expect("/run/netns");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

fn compile_floor(folder: &Path) -> PathBuf {
    let program = folder.join("floor");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/floor.c");
    let status = Command::new("cc")
        .args(["-O2", "-o"])
        .args([program.as_path(), Path::new(source)])
        .status()
        .expect("cc runs");
    assert!(status.success(), "cc: {status}");
    program
}

fn listeners(number: usize) -> Vec<TcpListener> {
    let listen = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a listener");
    (0..number).map(listen).collect()
}

/// Both ends of this many connections, a thousand to each listener.
fn connections(number: usize) -> Vec<(TcpStream, TcpStream)> {
    let listeners = listeners(number.div_ceil(1_000));
    let connect = |at: usize| {
        let listener = &listeners[at / 1_000];
        let address = listener.local_addr().expect("its address");
        let client = TcpStream::connect(address).expect("a connection");
        let (server, _) = listener.accept().expect("its other end");
        (client, server)
    };
    (0..number).map(connect).collect()
}

fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("the limit of descriptors");
}
