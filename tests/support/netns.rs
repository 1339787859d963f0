//! Named network namespaces that go away with their guard.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::NamedTempFile;

/// A namespace in /run/netns.
pub(crate) struct Namespace {
    pub(crate) name: String,
}

impl Namespace {
    /// A new one, with its loopback up.
    pub(crate) fn new() -> Self {
        let namespace = Namespace {
            name: unique_name(),
        };
        ip(&["netns", "add", &namespace.name]);
        ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
        namespace
    }

    #[allow(dead_code)] // not every test program holds the guard
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        inside(&self.name, work)
    }
}

/// Runs `work` on a thread of its own in the namespace with this name.
pub(crate) fn inside<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
    let handle = File::open(format!("/run/netns/{name}")).expect("the namespace");
    let enter_and_work = || {
        let network = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(handle.as_fd(), network).expect("setns");
        work()
    };
    std::thread::scope(|scope| scope.spawn(enter_and_work).join()).expect("work in the namespace")
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.name]);
    }
}

/// Many namespaces, made and deleted by two runs of ip.
pub(crate) struct Namespaces {
    pub(crate) names: Vec<String>,
}

impl Namespaces {
    pub(crate) fn new(number: usize) -> Self {
        let names = (0..number).map(|_| unique_name()).collect();
        let namespaces = Namespaces { names };
        namespaces.each("add");
        namespaces
    }

    fn each(&self, what: &str) {
        let lines: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("netns {what} {name}\n"))
            .collect();
        let batch = NamedTempFile::new().expect("a temporary file");
        std::fs::write(batch.path(), lines.concat()).expect("a batch for ip");
        ip(&["-batch", &batch.path().to_string_lossy()]);
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.each("del");
    }
}

fn unique_name() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("sockdoctor-{}-{number}", std::process::id())
}

fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status();
    let status = status.expect("ip runs");
    assert!(status.success(), "ip {arguments:?}: {status}");
}
