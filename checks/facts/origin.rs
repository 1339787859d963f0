//! What was looked at.

use super::{Fact, OwnedFile};
use serde::{Deserialize, Serialize};

/// A machine that runs, or an image that does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Origin {
    /// The machine that the observer ran on.
    #[default]
    Machine,
    /// The root file system of a machine that has not booted. All that is known of it is what
    /// its next boot would find and set.
    Image(SeenImage),
}

/// An image, seen with one of its kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenImage {
    /// What was named on the command line: a directory, a file, `-`.
    pub name: String,
    /// `PRETTY_NAME` of its os-release.
    pub distribution: Fact<String>,
    /// It has this kernel. Without one it is a container image, or the kernel comes from
    /// elsewhere.
    pub has_kernel: bool,
    /// The packages of the files that may be blamed. A file that is not here is of none.
    pub packages: Fact<Vec<OwnedFile>>,
}

impl Origin {
    /// It is a machine.
    pub fn is_machine(&self) -> bool {
        matches!(self, Origin::Machine)
    }

    /// The image, when it is one.
    pub fn image(&self) -> Option<&SeenImage> {
        match self {
            Origin::Machine => None,
            Origin::Image(image) => Some(image),
        }
    }
}
