//! The order in which Go's YAML libraries write the keys of a map.

use std::cmp::Ordering;

use super::EmitStyle;

/// Sorts in go-yaml's natural order: numbers inside keys by value, letters behind everything else.
///
/// Own merge sort, because the order is not always one: sums of digits wrap around, and the sort of
/// the standard library may panic then.
pub(super) fn sort_by_key<T: Copy>(items: &mut Vec<T>, style: EmitStyle, key: impl Fn(&T) -> &str) {
    let mut from = std::mem::take(items);
    let mut run = 1;
    while run < from.len() {
        let mut to = Vec::with_capacity(from.len());
        for pair in from.chunks(2 * run) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let ([l, left_rest @ ..], [r, right_rest @ ..]) = (left, right) {
                if less(key(r), key(l), style) {
                    to.push(*r);
                    right = right_rest;
                } else {
                    to.push(*l);
                    left = left_rest;
                }
            }
            to.extend_from_slice(left);
            to.extend_from_slice(right);
        }
        from = to;
        run *= 2;
    }
    *items = from;
}

/// # Shape
///
/// DIFFERENCE: a digit is an ASCII digit and a letter is what Unicode calls alphabetic and not
/// numeric, while Go asks for the categories Nd and L. Keys that first differ in a foreign digit, a
/// vowel sign or a circled letter may stand elsewhere.
///
/// # Source
///
/// go-yaml, `sorter.go`, `keyList.Less`.
fn less(a: &str, b: &str, style: EmitStyle) -> bool {
    let same = a
        .char_indices()
        .zip(b.chars())
        .take_while(|((_, a), b)| a == b)
        .last()
        .map_or(0, |((i, c), _)| i + c.len_utf8());
    let (before, a, b) = (&a[..same], &a[same..], &b[same..]);
    let (Some(first_a), Some(first_b)) = (a.chars().next(), b.chars().next()) else {
        return a.len() < b.len();
    };
    match (is_letter(first_a), is_letter(first_b)) {
        (true, true) => return first_a < first_b,
        (false, false) => {}
        (a_is_letter, b_is_letter) => {
            let in_number =
                style != EmitStyle::V2 && before.ends_with(|c: char| c.is_ascii_digit());
            return if in_number { a_is_letter } else { b_is_letter };
        }
    }
    // Zeros count only behind another digit, so that 10 is more than 9 but 01 is not.
    let number_before = before
        .bytes()
        .rev()
        .take_while(u8::is_ascii_digit)
        .any(|digit| digit != b'0');
    let start = i64::from((first_a == '0' || first_b == '0') && number_before);
    let (number_a, digits_a) = leading_number(a, start);
    let (number_b, digits_b) = leading_number(b, start);
    let order = number_a.cmp(&number_b).then(digits_a.cmp(&digits_b));
    order.then(first_a.cmp(&first_b)) == Ordering::Less
}

fn leading_number(text: &str, start: i64) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.fold((start, 0), |(number, count), digit| {
        let number = number.wrapping_mul(10);
        (number.wrapping_add(i64::from(digit - b'0')), count + 1)
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && !c.is_numeric()
}
