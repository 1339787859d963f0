//! What is in an image, told alike for a directory and for a tar of it.

use crate::support::{folder, piped, tar, text};
use rustix::thread::{Uid, set_thread_res_uid};
use sockdoctor::image::{collect, open, owners};
use sockdoctor::root::Root;
use sockdoctor_checks::facts::{Fact, Image, InstalledKernel, OwnedFile, PackageManager, Why};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The inventory of a folder, held against that of a tar of it.
fn inventory(folder: &TempDir) -> Image {
    told_alike(folder, collect)
}

/// The packages of `files`, held in the same way.
pub(crate) fn packages(folder: &TempDir, files: &[&str]) -> Fact<Vec<OwnedFile>> {
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    told_alike(folder, |root| owners(root, &files))
}

pub(crate) fn told_alike<T: PartialEq + std::fmt::Debug>(
    folder: &TempDir,
    tell: impl Fn(&dyn Root) -> T,
) -> T {
    let of = |place: &Path| tell(&*open(place).expect("opened"));
    let archive = tempfile::NamedTempFile::new().expect("a file");
    let packed = piped(&["xz", "-0"], &tar(folder.path(), &[]));
    fs::write(archive.path(), packed).expect("written");
    let told = of(folder.path());
    assert_eq!(told, of(archive.path()), "a tar tells the same");
    told
}

fn kernels(files: &[(&str, &str)]) -> Vec<InstalledKernel> {
    let image = inventory(&folder(files));
    image.kernels.known().expect("known").clone()
}

fn kernel(release: &str, tree: &str, image: &str, config: &str) -> InstalledKernel {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    InstalledKernel {
        release: release.to_owned(),
        tree: some(tree),
        image: some(image),
        config: some(config),
    }
}

#[test]
fn kernels_are_found_by_their_trees_and_in_boot() {
    let found = kernels(&[
        ("usr/lib/modules/6.1.0-9/modules.dep", ""),
        ("boot/vmlinuz-6.1.0-9", "kernel"),
        ("boot/config-6.1.0-9", "CONFIG_X=y"),
        ("lib/modules/6.12.0/kernel/a.ko", ""),
        ("lib/modules/6.12.0/vmlinuz", "kernel"),
        ("lib/modules/6.12.0/config", "CONFIG_X=y"),
        ("lib/modules/5.0-left/updates/a.ko", ""),
        ("boot/vmlinuz-5.10.0", "kernel"),
        ("boot/vmlinuz.old", "kernel"),
    ]);
    let at = "/lib/modules/6.12.0";
    let expected = [
        kernel("5.10.0", "", "/boot/vmlinuz-5.10.0", ""),
        kernel(
            "6.1.0-9",
            "/usr/lib/modules/6.1.0-9",
            "/boot/vmlinuz-6.1.0-9",
            "/boot/config-6.1.0-9",
        ),
        kernel(
            "6.12.0",
            at,
            &format!("{at}/vmlinuz"),
            &format!("{at}/config"),
        ),
    ];
    assert_eq!(found, expected);
}

#[test]
fn alpine_names_its_kernel_by_flavour() {
    let found = kernels(&[
        ("lib/modules/6.6.7-0-virt/modules.builtin", ""),
        ("boot/vmlinuz-virt", "kernel"),
        ("boot/config-6.6.7-0-virt", "CONFIG_X=y"),
    ]);
    let tree = "/lib/modules/6.6.7-0-virt";
    let expected = kernel(
        "6.6.7-0-virt",
        tree,
        "/boot/vmlinuz-virt",
        "/boot/config-6.6.7-0-virt",
    );
    assert_eq!(found, [expected]);
}

#[test]
fn one_tree_with_two_names_is_one_kernel() {
    let folder = folder(&[("usr/lib/modules/6.1/modules.dep", "")]);
    symlink("usr/lib", folder.path().join("lib")).expect("a link");
    let image = inventory(&folder);
    let expected = kernel("6.1", "/usr/lib/modules/6.1", "", "");
    assert_eq!(image.kernels, Fact::Known(vec![expected]));
    assert!(!image.has_no_kernel());
}

#[test]
fn an_empty_directory_has_nothing_and_that_is_known() {
    let image = inventory(&folder(&[]));
    assert!(image.has_no_kernel());
    assert_eq!(image.ss, Fact::Known(None));
    assert_eq!(image.distribution, Fact::Known(None));
    assert_eq!(image.boot.sysctls, Fact::Known(vec![]));
    let packages = packages(&folder(&[]), &["/usr/bin/ss"]);
    assert_eq!(packages.gaps()[0].why, Why::Absent);
}

#[test]
fn ss_tells_its_version_as_it_would_when_run() {
    let output = std::process::Command::new("ss")
        .arg("-V")
        .output()
        .expect("ss");
    let printed = String::from_utf8(output.stdout).expect("text");
    let expected = printed
        .trim_end()
        .strip_prefix("ss utility, ")
        .expect("a version");
    let folder = folder(&[("usr/bin/.keep", "")]);
    fs::copy("/usr/bin/ss", folder.path().join("usr/bin/ss")).expect("copied");
    let image = inventory(&folder);
    let ss = image.ss.known().expect("known").clone().expect("there");
    assert_eq!(ss.path, "/usr/bin/ss");
    assert_eq!(ss.version, Fact::Known(expected.to_owned()));
}

#[test]
fn an_ss_that_is_another_program_has_no_version() {
    let folder = folder(&[("usr/bin/.keep", ""), ("bin/ss", "#!/bin/sh\n")]);
    symlink("../../nowhere", folder.path().join("usr/bin/ss")).expect("a link");
    let image = inventory(&folder);
    let ss = image.ss.known().expect("known").clone().expect("there");
    assert_eq!(ss.path, "/bin/ss");
    assert_eq!(
        ss.version.gaps()[0].to_string(),
        "version of /bin/ss: malformed: not a program"
    );
}

#[test]
fn where_nixos_has_its_ss_is_not_known_before_it_boots() {
    let folder = folder(&[
        ("nix/store/0-etc-os-release", "ID=nixos\n"),
        ("etc/.keep", ""),
    ]);
    let link = folder.path().join("etc/os-release");
    symlink("/nix/store/0-etc-os-release", link).expect("a link");
    let Fact::Missing(gap) = inventory(&folder).ss else {
        panic!("not known");
    };
    let expected = "/run/current-system/sw/bin/ss: not supported: NixOS makes its \
                    /run/current-system at boot";
    assert_eq!(gap.to_string(), expected);
    fs::create_dir_all(folder.path().join("usr/bin")).expect("made");
    fs::copy("/usr/bin/ss", folder.path().join("usr/bin/ss")).expect("copied");
    assert!(matches!(inventory(&folder).ss, Fact::Known(Some(_))));
}

pub(crate) fn lines(packages: &Fact<Vec<OwnedFile>>) -> Vec<String> {
    let line = |OwnedFile { path, package }: &OwnedFile| {
        let version = package.version.as_deref().unwrap_or("?");
        format!("{path} {} {version}", package.name)
    };
    packages
        .value()
        .expect("records")
        .iter()
        .map(line)
        .collect()
}

#[test]
fn dpkg_knows_the_packages_under_the_old_names_too() {
    let status = "Package: iproute2\nStatus: install ok installed\nVersion: 6.1.0-3\n\n\
                  Package: linux-image-6.1\nVersion: 6.1.1\n";
    let folder = folder(&[
        ("usr/lib/modules/6.1/kernel/tcp_diag.ko", ""),
        ("usr/bin/ss", ""),
        ("usr/bin/own", ""),
        ("var/lib/dpkg/status", status),
        ("var/lib/dpkg/info/iproute2.list", "/.\n/bin\n/bin/ss\n"),
        (
            "var/lib/dpkg/info/linux-image-6.1:amd64.list",
            "/lib/modules/6.1/kernel/tcp_diag.ko\n",
        ),
    ]);
    symlink("usr/lib", folder.path().join("lib")).expect("a link");
    symlink("usr/bin", folder.path().join("bin")).expect("a link");
    let module = "/lib/modules/6.1/kernel/tcp_diag.ko";
    let packages = packages(&folder, &["/usr/bin/ss", module, "/usr/bin/own"]);
    let expected = [
        "/usr/bin/ss iproute2 6.1.0-3",
        "/lib/modules/6.1/kernel/tcp_diag.ko linux-image-6.1 6.1.1",
    ];
    assert_eq!(lines(&packages), expected);
    assert_eq!(packages.gaps(), []);
}

#[test]
fn distroless_images_have_a_file_for_each_package() {
    let packages = packages(
        &folder(&[
            ("usr/bin/ss", ""),
            (
                "var/lib/dpkg/status.d/iproute2",
                "Package: iproute2\nVersion: 6.1\n",
            ),
            (
                "var/lib/dpkg/status.d/iproute2.md5sums",
                "0123  usr/bin/ss\n",
            ),
        ]),
        &["/usr/bin/ss"],
    );
    assert_eq!(lines(&packages), ["/usr/bin/ss iproute2 6.1"]);
}

#[test]
fn apk_keeps_one_record() {
    let installed = "P:musl\nV:1.2\nF:lib\nR:libc.so\n\nP:iproute2-ss\nV:6.6-r0\nF:sbin\nR:ss\n";
    let files = [("sbin/ss", ""), ("lib/apk/db/installed", installed)];
    let packages = packages(&folder(&files), &["/sbin/ss"]);
    assert_eq!(lines(&packages), ["/sbin/ss iproute2-ss 6.6-r0"]);
    let owned = packages.known().expect("known");
    assert_eq!(owned[0].package.manager, PackageManager::Apk);
}

#[test]
fn sysctl_d_of_an_image_is_read_inside_it() {
    let folder = folder(&[
        ("usr/lib/systemd/systemd-sysctl", ""),
        ("usr/lib/sysctl.d/50-a.conf", "net.core.somaxconn=1\n"),
        ("etc/sysctl.d/60-b.conf", "net.core.somaxconn=2\n"),
        ("usr/share/c", "net.core.somaxconn=3\n"),
    ]);
    let sysctl_d = folder.path().join("etc/sysctl.d");
    symlink("/dev/null", sysctl_d.join("60-b.conf.tmp")).expect("a link");
    fs::rename(sysctl_d.join("60-b.conf.tmp"), sysctl_d.join("60-b.conf")).expect("hidden");
    let image = inventory(&folder);
    let settings = image.boot.sysctls.known().expect("known");
    assert_eq!(
        settings[0].place.to_string(),
        "/usr/lib/sysctl.d/50-a.conf:1"
    );
    // Out of the way of what is kept of a tar: then it is a gap, and not as if it were not there.
    symlink("/usr/share/c", sysctl_d.join("70-c.conf")).expect("a link");
    let archive = tempfile::NamedTempFile::new().expect("a file");
    fs::write(archive.path(), tar(folder.path(), &[])).expect("written");
    let image = collect(&*open(archive.path()).expect("opened"));
    let gap = image.boot.sysctls.gaps()[0].to_string();
    assert_eq!(
        gap,
        "/etc/sysctl.d/70-c.conf: malformed: its contents were not kept"
    );
}

#[test]
fn what_is_not_to_be_read_is_a_gap_and_never_absence() {
    let folder = folder(&[
        ("lib/modules/6.1/modules.dep", ""),
        ("usr/bin/ss", ""),
        ("etc/os-release", "ID=x\n"),
        ("etc/sysctl.d/a.conf", "net.core.somaxconn=1\n"),
        ("var/lib/dpkg/info/a.list", "/usr/bin/ss\n"),
    ]);
    let inside = |path: &str| folder.path().join(path);
    for path in ["lib", "usr", "etc/sysctl.d", "etc/os-release", "var"] {
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(inside(path), mode).expect("closed");
    }
    chown(folder.path(), Some(65534), None).expect("owned");
    let place = folder.path().to_owned();
    let image = std::thread::spawn(move || {
        let nobody = Uid::from_raw(65534);
        set_thread_res_uid(nobody, nobody, nobody).expect("this needs root");
        let root = open(&place).expect("opened");
        (
            collect(&*root),
            owners(&*root, &[PathBuf::from("/usr/bin/ss")]),
        )
    });
    let (image, packages) = image.join().expect("collected");
    assert!(!image.has_no_kernel());
    for gaps in [
        image.kernels.gaps(),
        image.ss.gaps(),
        image.distribution.gaps(),
        image.boot.sysctls.gaps(),
        packages.gaps(),
    ] {
        assert!(!gaps.is_empty());
        let needs = "root".to_owned();
        assert_eq!(gaps[0].why, Why::Denied { needs });
    }
}

#[test]
fn a_file_that_is_no_image_and_a_place_that_is_not_there_are_refused() {
    let folder = folder(&[("a", "no image")]);
    let refusal = |name: &str| {
        let refused = open(&folder.path().join(name));
        refused.err().expect("refused").to_string()
    };
    assert_eq!(
        refusal("a"),
        "is no tar archive, plain or in gzip, xz or zstd"
    );
    assert_eq!(refusal("b"), "cannot be read: No such file or directory");
}

#[test]
fn what_matters_is_read_from_a_tar_under_any_spelling() {
    let folder = folder(&[
        ("usr/lib/modules/6.1/modules.alias", "alias"),
        ("usr/lib/modules/6.1/kernel/net/tcp_diag.ko.xz", "module"),
        ("usr/local/lib/modprobe.d/a.conf", "rule"),
        ("usr/share/doc/a", "text"),
    ]);
    for spelling in ["--transform=s,^\\./,,", "--transform=s,^\\./,/,", ""] {
        let options: &[&str] = if spelling.is_empty() {
            &[]
        } else {
            &["-P", spelling]
        };
        let archive = tempfile::NamedTempFile::new().expect("a file");
        fs::write(archive.path(), tar(folder.path(), options)).expect("written");
        let root = open(archive.path()).expect("opened");
        let read = |path: &str| text(&*root, path).map_err(|error| error.kind());
        assert_eq!(
            read("/usr/lib/modules/6.1/modules.alias"),
            Ok("alias".to_owned())
        );
        assert_eq!(
            read("/usr/lib/modules/6.1/kernel/net/tcp_diag.ko.xz"),
            Ok("module".to_owned())
        );
        assert_eq!(
            read("/usr/local/lib/modprobe.d/a.conf"),
            Ok("rule".to_owned())
        );
        assert_eq!(
            read("/usr/share/doc/a"),
            Err(std::io::ErrorKind::Unsupported)
        );
    }
}
