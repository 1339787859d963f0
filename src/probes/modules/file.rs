//! What the file of a module shows of why the kernel would not take it.

mod contents;

use super::tree::module_name;
use crate::probes::architecture::of_kernel;
use crate::probes::io_gap;
use crate::root::Root;
use crate::text::{quoted, shown};
use contents::{Contents, Damaged, contents};
use object::Architecture;
use sockdoctor_checks::facts::{Errno, Gap, Kernel, Presence};
use std::path::Path;

/// What stands in a module file: `vermagic`, `sig_id` and so on.
type Information = Vec<(String, String)>;

/// Why a file would not be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// A predicate: "is empty".
    pub(super) why: String,
    /// What such an attempt gives, where that is certain.
    pub(super) errno: Option<Errno>,
    /// False where it explains a failure but need not lead to one.
    pub(super) certain: bool,
}

impl Fault {
    fn new(why: impl Into<String>, errno: Option<Errno>) -> Option<Self> {
        let why = why.into();
        Some(Fault {
            why,
            errno,
            certain: true,
        })
    }

    /// What is known of the module in this file then.
    pub(super) fn presence(self, file: String) -> Presence {
        Presence::Unloadable {
            file,
            why: self.why,
            errno: self.errno,
        }
    }
}

/// Looks at `file`, unpacked where it is packed. `native` is what another module
/// shows of the kernel, where one does.
///
/// # Errors
/// It cannot be read.
pub(super) fn fault(
    root: &dyn Root,
    file: &Path,
    kernel: &Kernel,
    native: Option<&Native>,
) -> Result<Option<Fault>, Gap> {
    let bytes = root.read(file);
    let bytes = bytes.map_err(|error| io_gap(shown(file), &error))?;
    let is_packed = file.extension().is_none_or(|ending| ending != "ko");
    if bytes.is_empty() {
        return Ok(Fault::new("is empty", None));
    }
    if !is_packed && !bytes.starts_with(b"\x7fELF") {
        return Ok(Fault::new("is no ELF file", Some(Errno::ENOEXEC)));
    }
    match contents(&bytes) {
        Ok(contents) => Ok(of_contents(file, &contents, kernel, native)),
        Err(Damaged) => Ok(Fault::new("is damaged: it is no whole ELF file", None)),
    }
}

fn of_contents(
    file: &Path,
    contents: &Contents,
    kernel: &Kernel,
    native: Option<&Native>,
) -> Option<Fault> {
    let flags = native.map(|native| native.flags.as_str());
    unfit(kernel, contents, native)
        .or_else(|| another(file, contents))
        .or_else(|| misfit(kernel, &contents.information, flags))
}

/// What a module that was built for a kernel shows of that.
#[derive(Debug)]
pub(super) struct Native {
    /// In its version magic: those of the kernel itself.
    pub(super) flags: String,
    architecture: Architecture,
}

/// What `file` shows of the kernel, if it was built for this one.
pub(super) fn native(root: &dyn Root, file: &Path, kernel: &Kernel) -> Option<Native> {
    let contents = contents(&root.read(file).ok()?).ok()?;
    let (built_for, flags) = magic(&contents.information)?;
    (built_for == kernel.release.value()?).then(|| Native {
        flags: flags.to_owned(),
        architecture: contents.architecture,
    })
}

/// elf_check_arch (elf_validity_check, kernel/module/main.c).
fn unfit(kernel: &Kernel, contents: &Contents, native: Option<&Native>) -> Option<Fault> {
    let configured = kernel.config.value().and_then(of_kernel);
    let expected = configured.or(native.map(|native| native.architecture))?;
    let own = contents.architecture;
    let why = || format!("is for {own:?} processors, and the kernel is for {expected:?}");
    (own != expected).then(|| Fault::new(why(), Some(Errno::ENOEXEC)))?
}

/// The kernel goes by the name in .modinfo, where there is one, and not by that of the file
/// (setup_load_info, kernel/module/main.c).
fn another(file: &Path, contents: &Contents) -> Option<Fault> {
    if !contents.is_module {
        return Fault::new("is no module, but another ELF file", Some(Errno::ENOEXEC));
    }
    let mut pairs = contents.information.iter();
    let (_, name) = pairs.find(|(key, _)| key == "name")?;
    let expected = module_name(file)?;
    let why = || format!("is another module, {}", quoted(name));
    (*name != expected).then(|| Fault::new(why(), None))?
}

/// In the kernel's order: first the signature, then the version (load_module,
/// kernel/module/main.c).
fn misfit(kernel: &Kernel, information: &Information, flags: Option<&str>) -> Option<Fault> {
    let is_signed = information.iter().any(|(key, _)| key.starts_with("sig"));
    let unsigned = (!is_signed).then(|| signature_wanted(kernel)).flatten();
    unsigned.or_else(|| foreign(kernel, information, flags))
}

/// module_sig_check (kernel/module/signing.c). A kernel without sig_enforce was built without
/// it, and then a locked-down kernel does not ask for signatures there either.
fn signature_wanted(kernel: &Kernel) -> Option<Fault> {
    if *kernel.signatures_enforced.value()? {
        return Fault::new(
            "is not signed, and this kernel takes only signed modules (sig_enforce)",
            None,
        );
    }
    let mode = kernel.lockdown.value().filter(|mode| *mode != "none")?;
    Fault::new(
        format!("is not signed, and this kernel is locked down ({mode})"),
        Some(Errno::EPERM),
    )
}

/// A kernel with CONFIG_MODVERSIONS does not compare the release but the flags, and then the
/// symbols (same_magic, kernel/module/version.c), so there the errno is open unless its own
/// flags are known.
fn foreign(kernel: &Kernel, information: &Information, flags: Option<&str>) -> Option<Fault> {
    let release = kernel.release.value()?;
    let Some((built_for, own)) = magic(information) else {
        return Some(without_magic());
    };
    if built_for == release {
        let differ = flags.is_some_and(|flags| flags != own);
        let why = || {
            format!(
                "was built with other options than the kernel: {}",
                quoted(own)
            )
        };
        return differ.then(|| Fault::new(why(), Some(Errno::ENOEXEC)))?;
    }
    let by_symbols = own.split(' ').any(|word| word == "modversions");
    let certain = !by_symbols || flags.is_some_and(|flags| flags != own);
    Some(Fault {
        why: format!("was built for {built_for}, and the kernel is {release}"),
        errno: certain.then_some(Errno::ENOEXEC),
        certain,
    })
}

/// A kernel with CONFIG_MODULE_FORCE_LOAD takes it (check_modinfo, kernel/module/main.c).
fn without_magic() -> Fault {
    Fault {
        why: "does not say which kernel it was built for".to_owned(),
        errno: Some(Errno::ENOEXEC),
        certain: false,
    }
}

/// The release and the flags of `vermagic`.
fn magic(information: &Information) -> Option<(&str, &str)> {
    let (_, magic) = information.iter().find(|(key, _)| key == "vermagic")?;
    Some(magic.split_once(' ').unwrap_or((magic, "")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::Directory;
    use sockdoctor_checks::facts::{Fact, Why};
    use sockdoctor_checks::fixture;

    const OURS: &str = "6.1.0-50-cloud-amd64 SMP preempt mod_unload modversions ";

    fn information(pairs: &[(&str, &str)]) -> Information {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn why(kernel: &Kernel, pairs: &[(&str, &str)]) -> Option<(String, Option<Errno>)> {
        misfit(kernel, &information(pairs), None).map(|fault| (fault.why, fault.errno))
    }

    fn of_bytes(name: &str, bytes: &[u8]) -> Option<Fault> {
        let folder = tempfile::tempdir().expect("a directory");
        std::fs::write(folder.path().join(name), bytes).expect("a file");
        let root = Directory::open(folder.path()).expect("a root");
        let file = Path::new("/").join(name);
        fault(&root, &file, &fixture::healthy().kernel, None).expect("a readable file")
    }

    #[test]
    fn a_file_without_content_is_empty_also_where_it_should_be_packed() {
        for name in ["tcp_diag.ko", "tcp_diag.ko.xz"] {
            assert_eq!(of_bytes(name, b"").expect("a fault").why, "is empty");
        }
    }

    #[test]
    fn what_is_no_elf_file_is_told_from_what_cannot_be_unpacked() {
        let zeros = of_bytes("tcp_diag.ko", &[0; 64]);
        assert_eq!(zeros.expect("a fault").why, "is no ELF file");
        let cut = of_bytes("tcp_diag.ko.xz", b"\xfd7zXZ");
        assert!(cut.expect("a fault").why.starts_with("is damaged"));
    }

    #[test]
    fn a_file_that_fits_has_no_fault() {
        let kernel = fixture::healthy().kernel;
        assert_eq!(why(&kernel, &[("vermagic", OURS)]), None);
    }

    #[test]
    fn a_file_for_another_release_is_refused_for_certain_only_without_modversions() {
        let kernel = fixture::healthy().kernel;
        let of = |magic| why(&kernel, &[("vermagic", magic)]).expect("a fault");
        let (text, errno) = of("5.10.0-9-amd64 SMP mod_unload modversions ");
        let expected = "was built for 5.10.0-9-amd64, and the kernel is 6.1.0-50-cloud-amd64";
        assert_eq!((text.as_str(), errno), (expected, None));
        assert_eq!(of("5.10.0-9-amd64 SMP ").1, Some(Errno::ENOEXEC));
    }

    #[test]
    fn a_missing_signature_matters_where_the_kernel_wants_one() {
        let mut kernel = fixture::healthy().kernel;
        kernel.signatures_enforced = Fact::Known(true);
        let (text, _) = why(&kernel, &[("vermagic", OURS)]).expect("a fault");
        assert!(text.contains("is not signed"), "{text}");
        let signed = [("vermagic", OURS), ("sig_id", "PKCS#7")];
        assert_eq!(why(&kernel, &signed), None);
    }

    #[test]
    fn a_locked_down_kernel_wants_signatures_if_it_can_check_them() {
        let mut kernel = fixture::healthy().kernel;
        kernel.lockdown = Fact::Known("integrity".to_owned());
        let unsigned = [("vermagic", OURS)];
        assert_eq!(
            why(&kernel, &unsigned).expect("a fault").1,
            Some(Errno::EPERM)
        );
        kernel.signatures_enforced = Fact::Missing(Gap::new("sig_enforce", Why::Absent));
        assert_eq!(why(&kernel, &unsigned), None);
    }
}
