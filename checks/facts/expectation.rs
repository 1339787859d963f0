//! What an image promised of the machine that boots it.

use super::DiagModule;
use serde::{Deserialize, Serialize};

/// The promises of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// The image, as it was named when it was judged.
    pub image: String,
    /// One entry for each kernel in it. None: it has no kernel.
    pub kernels: Vec<ExpectedKernel>,
    /// What `ss -V` prints, without the name. `None`: there is no ss, or it is not known.
    pub ss: Option<String>,
}

/// What is promised where this kernel is booted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedKernel {
    /// `uname -r`.
    pub release: String,
    /// The handlers of sock_diag that ss asks for TCP, UDP and unix sockets.
    pub handlers: Vec<ExpectedHandler>,
    /// The settings that could be foretold.
    pub settings: Vec<ExpectedSetting>,
}

/// A handler of sock_diag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedHandler {
    /// Its module.
    pub module: DiagModule,
    /// It will answer when it is asked. `None`: that could not be foretold.
    pub answers: Option<bool>,
    /// Why, in half a sentence.
    pub why: String,
}

/// A setting of the first network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedSetting {
    /// With dots: `net.core.somaxconn`.
    pub key: String,
    /// Its value after boot.
    pub value: u32,
    /// `/etc/sysctl.d/90-x.conf:3`, or that the kernel starts with it.
    pub from: String,
}
