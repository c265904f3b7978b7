//! How far a file is: told to whoever waits for it, and to nobody else.

use tokio::sync::watch;

/// What is being done. Between two looks steps may be missed; the last one is always there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet.
    #[default]
    Waiting,
    /// The file is read.
    Reading,
    /// Its cells are checked.
    Checking {
        /// Rows below the header.
        rows: usize,
    },
    /// People are written.
    Writing {
        /// So many rows.
        done: usize,
        /// Of so many that differ from what is on record.
        total: usize,
    },
    /// Accounts, places and grants follow.
    Following,
}

/// Where steps are told. Nobody need listen.
#[derive(Debug, Clone)]
pub struct Progress(watch::Sender<Step>);

impl Progress {
    /// Steps for somebody who listens.
    pub fn told() -> (Self, watch::Receiver<Step>) {
        let (steps, listener) = watch::channel(Step::Waiting);
        (Self(steps), listener)
    }

    /// Steps for nobody.
    pub fn untold() -> Self {
        Self::told().0
    }

    pub(super) fn at(&self, step: Step) {
        self.0.send_replace(step);
    }
}
