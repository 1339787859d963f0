//! The kernels in a root: module trees, and what lies in /boot.

use super::there;
use crate::root::{Kind, Root};
use crate::text::{shown, text};
use sockdoctor_checks::facts::{Fact, Gap, InstalledKernel, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where module trees lie. On most the first leads to the second.
const TREES: [&str; 2] = ["/lib/modules", "/usr/lib/modules"];

/// What a tree has. One without any is what another package left behind.
const MARKS: [&str; 3] = ["modules.dep", "modules.builtin", "kernel"];

/// What a kernel is called. `vmlinux` on POWER.
const KERNELS: [&str; 2] = ["vmlinuz", "vmlinux"];

/// How the names of kernels begin that need not say a release.
const NAMELESS: [&str; 5] = ["vmlinuz", "vmlinux", "bzImage", "zImage", "Image"];

/// The kernels by release. What could not be looked at is in the gaps.
pub(super) fn collect(root: &dyn Root) -> Fact<Vec<InstalledKernel>> {
    let mut found = Found {
        root,
        trees: BTreeMap::new(),
        boot: BTreeSet::new(),
        gaps: Vec::new(),
    };
    for parent in TREES.map(Path::new) {
        found.look_for_trees(parent);
    }
    found.look_into_boot();
    let releases = found.releases();
    if releases.is_empty() {
        found.gaps.extend(found.nameless());
    }
    let kernels = releases
        .into_iter()
        .map(|release| found.kernel(&release))
        .collect();
    Fact::with_gaps(kernels, found.gaps)
}

struct Found<'a> {
    root: &'a dyn Root,
    trees: BTreeMap<OsString, PathBuf>,
    boot: BTreeSet<OsString>,
    gaps: Vec<Gap>,
}

impl Found<'_> {
    /// What is at `path`, a gap noted when that cannot be known.
    fn known<T>(&mut self, path: &Path, result: std::io::Result<T>) -> Option<T> {
        there(path, result).unwrap_or_else(|gap| {
            self.gaps.push(gap);
            None
        })
    }

    fn look_for_trees(&mut self, parent: &Path) {
        let entries = self.known(parent, self.root.list(parent));
        for entry in entries.into_iter().flatten() {
            let path = parent.join(&entry.name);
            let Some(Kind::Directory) = self.known(&path, self.root.kind(&path)) else {
                continue;
            };
            let is_marked = MARKS.iter().any(|mark| {
                let mark = path.join(mark);
                self.known(&mark, self.root.kind(&mark)).is_some()
            });
            if let (true, Some(real)) = (is_marked, self.known(&path, self.root.real_path(&path))) {
                self.trees.entry(entry.name).or_insert(real);
            }
        }
    }

    fn look_into_boot(&mut self) {
        let boot = Path::new("/boot");
        let entries = self.known(boot, self.root.list(boot));
        let names = entries.into_iter().flatten();
        let files = names.filter(|entry| entry.kind != Kind::Directory);
        self.boot = files.map(|entry| entry.name).collect();
    }

    /// Those with a tree, and those of which only the kernel is there. A release begins with a
    /// digit; a name such as `vmlinuz-virt` says nothing by itself.
    fn releases(&self) -> BTreeSet<OsString> {
        let kernels = self.boot.iter().filter_map(|name| {
            let name = name.as_bytes();
            let of = |kernel: &str| name.strip_prefix(kernel.as_bytes())?.strip_prefix(b"-");
            let release = KERNELS.into_iter().find_map(of)?;
            let is_release = release.first().is_some_and(u8::is_ascii_digit);
            is_release.then(|| std::ffi::OsStr::from_bytes(release).to_owned())
        });
        kernels.chain(self.trees.keys().cloned()).collect()
    }

    /// A kernel of which nothing says the release.
    fn nameless(&self) -> Option<Gap> {
        let is_kernel = |name: &&OsString| {
            let name = name.as_bytes();
            NAMELESS
                .iter()
                .any(|start| name.starts_with(start.as_bytes()))
        };
        let kernel = self.boot.iter().find(is_kernel)?;
        let why = "a kernel without a module tree does not say its release".to_owned();
        let path = Path::new("/boot").join(kernel);
        Some(Gap::new(shown(&path), Why::Unsupported(why)))
    }

    fn kernel(&mut self, release: &OsString) -> InstalledKernel {
        let tree = self.trees.get(release).cloned();
        let mut find = |names: &[&str]| {
            let in_boot = names.iter().find_map(|name| self.in_boot(name, release));
            let in_tree = || {
                names.iter().find_map(|name| {
                    let path = tree.as_ref()?.join(name);
                    self.known(&path, self.root.kind(&path)).map(|_| path)
                })
            };
            in_boot.or_else(in_tree)
        };
        let image = find(&KERNELS);
        let config = find(&["config"]);
        InstalledKernel {
            release: text(release.as_bytes()),
            tree: tree.as_deref().map(shown),
            image: image.as_deref().map(shown),
            config: config.as_deref().map(shown),
        }
    }

    /// `NAME-RELEASE`, or as on Alpine `NAME-FLAVOUR` for a release that ends with the flavour.
    fn in_boot(&self, name: &str, release: &OsString) -> Option<PathBuf> {
        let is_its = |file: &&OsString| {
            let of = file.as_bytes().strip_prefix(name.as_bytes());
            let of = of.filter(|of| of.len() > 1 && of.starts_with(b"-"));
            of.is_some_and(|of| {
                let release = release.as_bytes();
                &of[1..] == release || (!of[1].is_ascii_digit() && release.ends_with(of))
            })
        };
        let file = self.boot.iter().find(is_its)?;
        Some(Path::new("/boot").join(file))
    }
}
