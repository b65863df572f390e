//! What a value replaced.

use std::fmt;
use std::sync::Arc;

use super::Node;

/// The values that a node took the place of, the latest first.
///
/// Shared between copies of a node. Any length: it is a list that is walked and dropped without recursion.
#[derive(Clone, Default)]
pub struct History(Option<Arc<Node>>);

impl History {
    /// The value that was replaced last, with its own history.
    #[must_use]
    pub fn latest(&self) -> Option<&Node> {
        self.0.as_deref()
    }

    pub(crate) fn into_latest(mut self) -> Option<Arc<Node>> {
        self.0.take()
    }

    /// Whether nothing was replaced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl From<Arc<Node>> for History {
    fn from(latest: Arc<Node>) -> Self {
        Self(Some(latest))
    }
}

impl From<Node> for History {
    fn from(latest: Node) -> Self {
        Self::from(Arc::new(latest))
    }
}

/// Equal when the same values were replaced, written at the same places.
impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        let list = |history: &Self| history.0.clone();
        let (mut a, mut b) = (list(self), list(other));
        loop {
            match (a, b) {
                (None, None) => return true,
                (Some(x), Some(y)) if x.place == y.place && x.value == y.value => {
                    (a, b) = (list(&x.below), list(&y.below));
                }
                _ => return false,
            }
        }
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.latest().into_iter().flat_map(Node::contributions);
        f.debug_list()
            .entries(places.map(|node| node.place))
            .finish()
    }
}

impl Drop for History {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = node.below.0.take();
        }
    }
}
