//! What the modules probe says of real module trees, held against the real modprobe.

mod image;
mod presence;
mod rules;
#[path = "../support/scene.rs"]
mod scene;
