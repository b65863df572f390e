//! Which items of two sequences belong together.

/// One step from an old sequence to a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An old item and the new one that it becomes.
    Keep(usize, usize),
    /// An old item that goes.
    Remove(usize),
    /// A new item that comes.
    Insert(usize),
}

/// Pairs of old and new items that may be compared with each other where ends differ.
const MAX_PAIRS: usize = 1 << 16;

/// The steps, in order; removals before insertions. Nothing when the sequences differ in too much.
///
/// `score` says how well two items go together: 0 for not at all.
pub(crate) fn align<T>(old: &[T], new: &[T], score: impl Fn(&T, &T) -> u32) -> Option<Vec<Step>> {
    // Most changes leave the number of items as it is.
    if old.len() == new.len() && old.iter().zip(new).all(|(old, new)| score(old, new) > 0) {
        return Some((0..old.len()).map(|i| Step::Keep(i, i)).collect());
    }
    let best = |(old, new): &(&T, &T)| score(old, new) >= 3;
    let start = old.iter().zip(new).take_while(best).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let behind = old_rest.iter().rev().zip(new_rest.iter().rev());
    let end = behind.take_while(best).count();
    let middle_old = &old_rest[..old_rest.len() - end];
    let middle_new = &new_rest[..new_rest.len() - end];
    let mut steps: Vec<Step> = (0..start).map(|i| Step::Keep(i, i)).collect();
    steps.extend(align_middle(middle_old, middle_new, start, score)?);
    let (old_end, new_end) = (old.len() - end, new.len() - end);
    steps.extend((0..end).map(|i| Step::Keep(old_end + i, new_end + i)));
    Some(steps)
}

/// The pairs with the highest sum of scores that keep their order.
fn align_middle<T>(
    old: &[T],
    new: &[T],
    offset: usize,
    score: impl Fn(&T, &T) -> u32,
) -> Option<Vec<Step>> {
    let width = new.len() + 1;
    if old.len().checked_mul(new.len())? > MAX_PAIRS {
        return None;
    }
    let mut sums = vec![0; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let skip = sums[(i + 1) * width + j].max(sums[i * width + j + 1]);
            let pair = match score(&old[i], &new[j]) {
                0 => 0,
                score => score + sums[(i + 1) * width + j + 1],
            };
            sums[i * width + j] = pair.max(skip);
        }
    }
    let mut steps = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let here = sums[i * width + j];
        let below = (i < old.len()).then(|| sums[(i + 1) * width + j]);
        if below == Some(here) {
            steps.push(Step::Remove(offset + i));
            i += 1;
        } else if j < new.len() && sums[i * width + j + 1] == here {
            steps.push(Step::Insert(offset + j));
            j += 1;
        } else {
            steps.push(Step::Keep(offset + i, offset + j));
            i += 1;
            j += 1;
        }
    }
    // Between two pairs, what goes stands before what comes.
    for gap in
        steps.chunk_by_mut(|a, b| !matches!((a, b), (Step::Keep(..), _) | (_, Step::Keep(..))))
    {
        gap.sort_by_key(|step| matches!(step, Step::Insert(_)));
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::{Step, align};

    #[test]
    fn items_that_stay_are_found() {
        let score = |a: &char, b: &char| if a == b { 3 } else { 0 };
        let steps = |old: &str, new: &str| {
            let old: Vec<char> = old.chars().collect();
            let new: Vec<char> = new.chars().collect();
            let steps = align(&old, &new, score).unwrap();
            let text = |step| match step {
                Step::Keep(i, _) => old[i].to_string(),
                Step::Remove(i) => format!("-{}", old[i]),
                Step::Insert(j) => format!("+{}", new[j]),
            };
            steps.into_iter().map(text).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(steps("abc", "abc"), "a b c");
        assert_eq!(steps("abc", "abxc"), "a b +x c");
        assert_eq!(steps("abc", "ac"), "a -b c");
        assert_eq!(steps("abc", "axyc"), "a -b +x +y c");
        assert_eq!(steps("", "ab"), "+a +b");
        assert_eq!(steps("abcd", "bcda"), "-a b c d +a");
    }
}
