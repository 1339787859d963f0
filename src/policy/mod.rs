//! The policy file: where it is found, and what it says.

mod file;
mod today;

use crate::input;
use crate::text::{reason, shown};
use sockdoctor_checks::policy::Policy;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name that is looked for where no file is named.
const NAME: &str = "sockdoctor.toml";

/// No policy needs more.
const MOST_MIB: u64 = 1;

/// A policy, and the file that it comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// The file, as it was named or found.
    pub path: String,
    /// What it says.
    pub policy: Policy,
}

/// The policy in the file `named`, or else in the sockdoctor.toml of `folder`, if there is one.
///
/// # Errors
/// One line that names the file, and the place in it: it cannot be read, is not a policy, or
/// names what does not exist.
pub(crate) fn load(named: Option<&Path>, folder: &Path) -> Result<Option<Applied>, String> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => match found_in(folder)? {
            Some(path) => path,
            None => return Ok(None),
        },
    };
    let name = shown(&path);
    let bytes = input::read(&path, MOST_MIB).map_err(|why| format!("{name}: {why}"))?;
    let policy = file::parse(&name, &bytes, today::utc()?)?;
    Ok(Some(Applied { path: name, policy }))
}

/// A policy that is there and cannot be looked at is an error: it may ask for more than nothing.
fn found_in(folder: &Path) -> Result<Option<PathBuf>, String> {
    let path = folder.join(NAME);
    match path.metadata() {
        Ok(found) if found.is_file() => Ok(Some(path)),
        // Nobody named it, so a FIFO of that name must not hold this up.
        Ok(_) => Err(format!("{}: not a regular file", shown(&path))),
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(error) => Err(format!("{}: {}", shown(&path), reason(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary directory can be made")
    }

    #[test]
    fn a_folder_without_a_policy_has_none() {
        assert_eq!(load(None, folder().path()), Ok(None));
    }

    #[test]
    fn a_policy_is_found_by_its_name_unless_another_is_named() {
        let folder = folder();
        let (found, named) = (folder.path().join(NAME), folder.path().join("other"));
        std::fs::write(&found, "[limits]\nsomaxconn.min = 1").expect("written");
        std::fs::write(&named, "[limits]\nsomaxconn.min = 2").expect("written");
        let min = |named| {
            let applied = load(named, folder.path())
                .expect("a policy")
                .expect("found");
            applied.policy.limits.somaxconn_min
        };
        assert_eq!(min(None), Some(1));
        assert_eq!(min(Some(&*named)), Some(2));
    }

    #[test]
    fn a_folder_of_that_name_is_refused_and_a_fifo_is_not_opened() {
        let folder = folder();
        let path = folder.path().join(NAME);
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("a FIFO");
        let why = load(None, folder.path()).expect_err("a FIFO is no policy");
        assert_eq!(why, format!("{}: not a regular file", path.display()));
    }

    #[test]
    fn a_link_that_leads_nowhere_is_refused() {
        let folder = folder();
        let path = folder.path().join(NAME);
        std::os::unix::fs::symlink("gone", &path).expect("a link");
        let why = load(None, folder.path()).expect_err("the policy is gone");
        assert!(why.starts_with(&path.display().to_string()), "{why}");
    }

    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        let why = load(Some(Path::new("/dev/zero")), Path::new("/")).expect_err("too large");
        assert_eq!(why, "/dev/zero: larger than 1 MiB");
    }

    #[test]
    fn the_null_device_is_the_policy_that_asks_for_nothing() {
        let applied = load(Some(Path::new("/dev/null")), Path::new("/"));
        let policy = applied.expect("a policy").expect("named").policy;
        let nothing = Policy {
            today: policy.today,
            ..Policy::default()
        };
        assert_eq!(policy, nothing);
    }
}
