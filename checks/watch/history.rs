//! The last readings of one listener.

use std::collections::VecDeque;

/// How many readings are remembered of each listener.
pub const LENGTH: usize = 60;

/// The last readings, oldest first, never more than [`LENGTH`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    points: VecDeque<Point>,
}

/// One reading of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Connections that waited, `None` when that was not read.
    pub queue: Option<u32>,
    /// Drops per second since the reading before, `None` when that is not known.
    pub drops: Option<f64>,
}

impl History {
    /// Adds the newest reading, and forgets the oldest where there are too many.
    pub(super) fn push(&mut self, point: Point) {
        if self.points.len() == LENGTH {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The last `number` of them, oldest first.
    pub fn last(&self, number: usize) -> impl Iterator<Item = Point> + '_ {
        let skipped = self.points.len().saturating_sub(number);
        self.points.iter().skip(skipped).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let mut history = History::default();
        for queue in 0..1_000 {
            let queue = Some(queue);
            history.push(Point { queue, drops: None });
        }
        let queues: Vec<_> = history.last(1_000).map(|point| point.queue).collect();
        assert_eq!(queues.len(), LENGTH);
        assert_eq!((queues[0], queues[LENGTH - 1]), (Some(940), Some(999)));
    }

    #[test]
    fn the_last_few_come_oldest_first() {
        let mut history = History::default();
        for queue in 0..5 {
            let queue = Some(queue);
            history.push(Point { queue, drops: None });
        }
        let queues: Vec<_> = history.last(2).map(|point| point.queue).collect();
        assert_eq!(queues, [Some(3), Some(4)]);
    }
}
