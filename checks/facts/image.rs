//! What a root holds that never ran: a directory or an archive, read as data.

use super::{Boot, Fact, SsInstalled};
use serde::{Deserialize, Serialize};

/// The inventory of a root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Which distribution it says it is, `None` without an os-release.
    pub distribution: Fact<Option<Distribution>>,
    /// The kernels in it, by release. `Known` and empty: a container image.
    pub kernels: Fact<Vec<InstalledKernel>>,
    /// What a boot of it would set.
    pub boot: Boot,
    /// Its `ss`, `None` when none is where PATH would lead.
    pub ss: Fact<Option<SsInstalled>>,
}

impl Image {
    /// It was read in full and holds no kernel, as container images do.
    pub fn has_no_kernel(&self) -> bool {
        matches!(&self.kernels, Fact::Known(kernels) if kernels.is_empty())
    }
}

/// What os-release(5) says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `debian`. `linux` when the file has none, as os-release(5) has it.
    pub id: String,
    /// `12`. Rolling distributions have none.
    pub version: Option<String>,
    /// `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: Option<String>,
}

/// A kernel, or what is left of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledKernel {
    /// `6.1.0-50-amd64`.
    pub release: String,
    /// Its module tree, without links. `None`: only the kernel itself is there.
    pub tree: Option<String>,
    /// The kernel itself. `None`: not found in /boot or the tree; it may boot from elsewhere.
    pub image: Option<String>,
    /// The configuration that it was built with.
    pub config: Option<String>,
}

/// A file and the package that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedFile {
    /// The file, as it was asked for.
    pub path: String,
    /// Its package.
    pub package: Package,
}

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Who keeps the record.
    pub manager: PackageManager,
    /// Its name, without the architecture.
    pub name: String,
    /// Its version, `None` when the record has none.
    pub version: Option<String>,
}

/// The package managers whose records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageManager {
    /// Debian and what comes from it.
    Dpkg,
    /// Alpine.
    Apk,
    /// Fedora, RHEL, SUSE and what comes from them.
    Rpm,
}
