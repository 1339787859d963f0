//! What the modules probe says of real module trees, held against the real modprobe.

mod presence;
#[cfg(feature = "libkmod")]
mod rules;
mod scene;
