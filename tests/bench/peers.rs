//! sockdoctor and what people use instead, side by side: `cargo bench --bench peers`.
//!
//! All contenders take turns, round after round. What is printed is how many times the first
//! contender's time and processor time each took in the same round: the median, and the
//! quartiles. A bare time would say more of the machine and its other work. Nothing is asserted
//! about time. Programs that were just linked are copied first, as an installation does: what a
//! linker leaves in the page cache takes longer to map. `--short` only shows that it works;
//! `--also PROGRAM` adds another build of sockdoctor, such as the static one. Needs root, ip, ss,
//! lsns and cc.

mod contest;
#[path = "../support/netns.rs"]
mod netns;
mod scene;

use contest::{Contender, Rounds, compare};
use netns::{Namespace, Namespaces, inside};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How much of everything.
struct Size {
    rounds: Rounds,
    listeners: usize,
    unix_listeners: usize,
    few_connections: usize,
    connections: usize,
    namespaces: &'static [usize],
}

const FULL: Size = Size {
    rounds: Rounds { all: 31, slow: 5 },
    listeners: 10_000,
    unix_listeners: 5_000,
    few_connections: 1_000,
    connections: 100_000,
    namespaces: &[10, 100, 1_000],
};

const SHORT: Size = Size {
    rounds: Rounds { all: 2, slow: 1 },
    listeners: 100,
    unix_listeners: 100,
    few_connections: 10,
    connections: 100,
    namespaces: &[5],
};

/// The checks that need what the floor reads with its counters.
const SAME_AS_FLOOR: &str = "check --only listen-overflows,somaxconn";
const QUEUES: &str = "check --only accept-queue";
const CHECK: &str = "check";
/// Every row, with its process.
const LISTENERS: &str = "listeners";
const UNIX_LISTENERS: &str = "listeners --unix";
/// Every row, as `ss` without -p.
const ROWS: &str = "listeners --no-process";
const UNIX_ROWS: &str = "listeners --unix --no-process";

/// What runs in the bench.
struct Bench {
    size: Size,
    floor: PathBuf,
    doctors: Vec<Doctor>,
}

/// A build of the program.
struct Doctor {
    /// Enough of its path to know it by.
    name: String,
    program: PathBuf,
}

impl Doctor {
    /// That build, copied to `program`.
    fn installed(build: &Path, program: PathBuf) -> Self {
        std::fs::copy(build, &program).expect("a copy of the program");
        let parts: Vec<_> = build.iter().rev().take(3).collect();
        let name: PathBuf = parts.into_iter().rev().collect();
        let name = name.display().to_string();
        Doctor { name, program }
    }
}

fn main() {
    scene::raise_descriptor_limit();
    if let Some(number) = to_hold() {
        return scene::hold(number);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bench = Bench::new(folder.path());
    bench.few_listeners();
    bench.many_listeners();
    bench.many_unix_listeners();
    for &number in bench.size.namespaces {
        bench.many_namespaces(number);
    }
    bench.many_connections();
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let mut size = FULL;
        let mut builds = vec![PathBuf::from(env!("CARGO_BIN_EXE_sockdoctor"))];
        let mut arguments = std::env::args_os().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                // cargo adds this one itself.
                Some("--bench") => (),
                Some("--short") => size = SHORT,
                Some("--also") => builds.push(arguments.next().expect("--also PROGRAM").into()),
                _ => panic!("unknown argument {}", argument.display()),
            }
        }
        let builds = builds.iter().enumerate();
        let doctors = builds
            .map(|(at, build)| Doctor::installed(build, folder.join(format!("sockdoctor-{at}"))));
        Bench {
            size,
            floor: scene::compile_floor(folder),
            doctors: doctors.collect(),
        }
    }

    fn few_listeners(&self) {
        let namespace = Namespace::new();
        let _listeners = namespace.inside(|| scene::listeners(3));
        let mut contenders = vec![self.floor(Vec::new())];
        contenders.extend(self.doctors(&[QUEUES, CHECK, "--version"], "--netns self"));
        contenders.push(Contender::of("ss -ltn"));
        self.compare_in("3 listeners", &namespace, contenders);
    }

    fn many_listeners(&self) {
        let namespace = Namespace::new();
        let number = self.size.listeners;
        let _listeners = namespace.inside(|| scene::listeners(number));
        let mut contenders = vec![self.floor(Vec::new())];
        let commands = [QUEUES, CHECK, ROWS, LISTENERS];
        contenders.extend(self.doctors(&commands, "--netns self"));
        contenders.push(Contender::of("ss -ltn").slow());
        contenders.push(Contender::of("ss -ltnp").slow());
        self.compare_in(&format!("{number} listeners"), &namespace, contenders);
    }

    fn many_unix_listeners(&self) {
        let namespace = Namespace::new();
        let number = self.size.unix_listeners;
        let _listeners = namespace.inside(|| scene::unix_listeners(number));
        let mut contenders = vec![self.floor(vec!["-u".into()])];
        contenders.extend(self.doctors(&[QUEUES, UNIX_ROWS, UNIX_LISTENERS], "--netns self"));
        contenders.push(Contender::of("ss -xl").slow());
        contenders.push(Contender::of("ss -xlp").slow());
        self.compare_in(&format!("{number} unix listeners"), &namespace, contenders);
    }

    /// One listener in each namespace.
    fn many_namespaces(&self, number: usize) {
        let many = Namespaces::new(number);
        let listen = |name: &String| inside(name, || scene::listeners(1));
        let _listeners: Vec<_> = many.names.iter().map(listen).collect();
        let contenders = self.of_all_namespaces();
        let title = format!("{number} namespaces");
        compare(&title, &contenders, self.size.rounds);
    }

    /// With many connections, compared with few, and then with namespaces besides.
    fn many_connections(&self) {
        let (few, many) = (Namespace::new(), Namespace::new());
        let number = self.size.few_connections;
        let _few = few.inside(|| scene::connected(number));
        let number = self.size.connections;
        let _many = many.inside(|| scene::connected(number));

        let mut contenders = vec![self.floor(Vec::new())];
        contenders.extend(self.doctors(&[QUEUES, CHECK, LISTENERS], "--netns self"));
        contenders.push(Contender::of("ss -Htn state listening"));
        contenders.push(Contender::of("ss -ltn").slow());
        contenders.push(Contender::of("ss -ltnp").slow());
        self.compare_in(&format!("{number} connections"), &many, contenders);

        self.growth(&few, &many);

        let namespaces = Namespaces::new(self.size.namespaces[self.size.namespaces.len() / 2]);
        let title = format!(
            "{number} connections, {} namespaces",
            namespaces.names.len()
        );
        let contenders = self.of_all_namespaces();
        compare(&title, &contenders, self.size.rounds);
    }

    /// What many connections cost more than few.
    fn growth(&self, few: &Namespace, many: &Namespace) {
        for (at, _) in self.doctors.iter().enumerate() {
            for words in [QUEUES, CHECK] {
                let with = |number: usize, namespace: &Namespace| {
                    let contender = self.doctors(&[words], "--netns self").swap_remove(at);
                    let label = format!("with {number} connections");
                    contender.called(label).inside(&namespace.name)
                };
                let (less, more) = (self.size.few_connections, self.size.connections);
                let title = format!("{} {words}", self.doctors[at].name);
                let contenders = [with(less, few), with(more, many)];
                compare(&title, &contenders, self.size.rounds);
            }
        }
    }

    fn of_all_namespaces(&self) -> Vec<Contender> {
        // Not only those made here: the others see every one.
        let files = scene::netns_files();
        let files = files.into_iter().map(PathBuf::into_os_string);
        let words: Vec<OsString> = ["-c".into()].into_iter().chain(files).collect();
        let mut contenders = vec![self.floor(words)];
        contenders.extend(self.doctors(&[SAME_AS_FLOOR, CHECK], ""));
        contenders.push(Contender::of("ip -all netns exec ss -ltn").slow());
        contenders.push(Contender::of("lsns -t net"));
        contenders
    }

    fn compare_in(&self, title: &str, namespace: &Namespace, contenders: Vec<Contender>) {
        let inside = |contender: Contender| contender.inside(&namespace.name);
        let contenders: Vec<_> = contenders.into_iter().map(inside).collect();
        compare(title, &contenders, self.size.rounds);
    }

    fn floor(&self, arguments: Vec<OsString>) -> Contender {
        let program = self.floor.clone().into_os_string();
        Contender::new("floor", std::iter::once(program).chain(arguments))
    }

    /// Each build of the program with each of these arguments, and more of them where there is
    /// something to look at.
    fn doctors(&self, all: &[&str], more: &str) -> Vec<Contender> {
        let of = |doctor: &Doctor, arguments: &str| {
            let more = if arguments.starts_with("--") {
                ""
            } else {
                more
            };
            let words = arguments.split(' ').chain(more.split_whitespace());
            let program = doctor.program.clone().into_os_string();
            let words = std::iter::once(program).chain(words.map(Into::into));
            Contender::new(format!("{} {arguments}", doctor.name), words)
        };
        let doctors = self.doctors.iter();
        let pairs = doctors.flat_map(|doctor| all.iter().map(move |words| of(doctor, words)));
        pairs.collect()
    }
}

/// The number after `--hold`, with which the bench starts itself.
fn to_hold() -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--hold");
    arguments.nth(1)?.parse().ok()
}
