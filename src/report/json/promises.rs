//! What an image promises of the machine that boots it: what `--expect` reads.

use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::facts::{self, Expectation};

/// What an image promises.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Promises {
    /// The image, as it was named.
    image: String,
    /// One entry for each kernel in it.
    kernels: Vec<Kernel>,
    /// What `ss -V` prints, without the name. null: no ss, or not known.
    ss: Option<String>,
}

/// What is promised where this kernel is booted.
#[derive(Debug, Serialize, JsonSchema)]
struct Kernel {
    /// `uname -r`.
    release: String,
    /// The handlers of sock_diag that ss asks for TCP, UDP and unix sockets.
    handlers: Vec<Handler>,
    /// The settings that could be foretold.
    settings: Vec<Setting>,
}

/// A handler of sock_diag.
#[derive(Debug, Serialize, JsonSchema)]
struct Handler {
    /// Its module, as the kernel names it.
    module: &'static str,
    /// It will answer when it is asked. null: that could not be foretold.
    answers: Option<bool>,
    /// Why.
    why: String,
}

/// A setting of the first network namespace.
#[derive(Debug, Serialize, JsonSchema)]
struct Setting {
    /// With dots.
    key: String,
    /// Its value after boot.
    value: u32,
    /// The line that sets it, or that the kernel starts with it.
    from: String,
}

impl From<Expectation> for Promises {
    fn from(expected: Expectation) -> Self {
        Promises {
            image: expected.image,
            kernels: expected.kernels.into_iter().map(Kernel::from).collect(),
            ss: expected.ss,
        }
    }
}

impl From<facts::ExpectedKernel> for Kernel {
    fn from(kernel: facts::ExpectedKernel) -> Self {
        let handler = |handler: facts::ExpectedHandler| Handler {
            module: handler.module.name(),
            answers: handler.answers,
            why: handler.why,
        };
        let setting = |setting: facts::ExpectedSetting| Setting {
            key: setting.key,
            value: setting.value,
            from: setting.from,
        };
        Kernel {
            release: kernel.release,
            handlers: kernel.handlers.into_iter().map(handler).collect(),
            settings: kernel.settings.into_iter().map(setting).collect(),
        }
    }
}
