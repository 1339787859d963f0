//! Databases that rpm and its libraries made, and what rpm says is in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// One set of packages in every format.
pub(crate) struct Made {
    /// By the name that rpm gives the file.
    pub(crate) sqlite: Vec<u8>,
    pub(crate) ndb: Vec<u8>,
    pub(crate) berkeley: Vec<u8>,
    /// As a machine with the other order of bytes writes it.
    pub(crate) berkeley_big: Vec<u8>,
    /// `PATH NAME EPOCH:VERSION-RELEASE` of every file that is installed.
    pub(crate) files: Vec<String>,
}

impl Made {
    /// Names and bytes of all.
    pub(crate) fn all(&self) -> [(&'static str, &[u8]); 4] {
        [
            ("rpmdb.sqlite", &self.sqlite),
            ("Packages.db", &self.ndb),
            ("Packages", &self.berkeley),
            ("Packages", &self.berkeley_big),
        ]
    }
}

/// Made once for all tests.
pub(crate) fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path())
    })
}

fn make(folder: &Path) -> Made {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/image/rpm");
    let define = |name: &str, value: &Path| format!("--define={name} {}", value.display());
    let mut build = Command::new("rpmbuild");
    build.arg("-bb").arg(define("_topdir", folder));
    ran(build.arg(here.join("packages.spec")));
    let built = fs::read_dir(folder.join("RPMS/noarch")).expect("packages");
    let built = built.map(|file| file.expect("a package").path());
    let is_moved = |path: &PathBuf| path.ends_with("moved-6.1.0-5.x.noarch.rpm");
    let (moved, built): (Vec<_>, Vec<_>) = built.partition(is_moved);
    let rpm = || {
        let mut rpm = Command::new("rpm");
        rpm.arg("--root").arg(folder);
        rpm.args(["--dbpath", "/database"]);
        rpm
    };
    let install = ["--install", "--nodeps", "--excludedocs"];
    ran(rpm().args(install).args(built));
    let relocate = ["--relocate", "/opt/moved=/srv/moved"];
    ran(rpm().args(install).args(relocate).args(moved));
    ran(rpm().args(["--erase", "--nodeps", "gone"]));
    let format = "[%{FILENAMES} %{=NAME} %|EPOCH?{%{=EPOCH}:}|%{=VERSION}-%{=RELEASE} \
                  %{FILESTATES:fstate}\\n]";
    let files = ran(rpm().args(["--query", "--all", "--queryformat", format]));
    let database = folder.join("database");
    ran(Command::new(here.join("convert")).arg(&database));
    let read = |name: &str| fs::read(database.join(name)).expect("a database");
    let installed = |line: &str| line.strip_suffix(" normal").map(str::to_owned);
    Made {
        sqlite: read("rpmdb.sqlite"),
        ndb: read("Packages.db"),
        berkeley: read("little/Packages"),
        berkeley_big: read("big/Packages"),
        files: files.lines().filter_map(installed).collect(),
    }
}

fn ran(command: &mut Command) -> String {
    let output = command
        .output()
        .expect("rpm, rpmbuild and db_load are installed");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}
