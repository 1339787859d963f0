//! How much one question may cost, whatever a hostile tree says.

/// Steps, each a byte looked at or so. A question about the largest trees of distributions takes
/// a fiftieth of it, and all of it takes less than a second.
const LIMIT: usize = 1 << 28;

/// What is left for one question.
#[derive(Debug)]
pub(super) struct Work(usize);

impl Work {
    /// For one question to a module tree.
    pub(super) const fn new() -> Self {
        Work(LIMIT)
    }

    /// For so many steps.
    pub(super) const fn at_most(steps: usize) -> Self {
        Work(steps)
    }

    /// Takes `steps` away. `None` when so many are not left.
    pub(super) fn spend(&mut self, steps: usize) -> Option<()> {
        self.0 = self.0.checked_sub(steps)?;
        Some(())
    }
}
