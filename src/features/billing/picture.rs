//! Balance over months as bars. Pure: it reckons places, the template draws them.

use crate::features::billing::account::MonthEnd;

/// The picture's width in its own units.
pub const WIDTH: i32 = 360;
/// Its height, with the months' names below.
pub const HEIGHT: i32 = 150;
/// Height of the part with the bars.
const FIELD: i32 = 112;
/// Room above for the number over the highest bar.
const TOP: i32 = 20;

/// One bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// Width.
    pub width: i32,
    /// Height; at least 2, so that nothing owed is seen as such.
    pub height: i32,
    /// Middle, for the words.
    pub middle: i32,
    /// Base line of the number beside it.
    pub number_y: i32,
    /// Its place among the months.
    pub index: usize,
    /// Is it the present month?
    pub is_last: bool,
}

/// The bars, and the height of the line that stands for nothing owed.
pub fn bars(months: &[MonthEnd]) -> (Vec<Bar>, i32) {
    let most = months.iter().map(|m| m.owed).max().unwrap_or(0).max(0);
    let least = months.iter().map(|m| m.owed).min().unwrap_or(0).min(0);
    // Money may be larger than a picture's arithmetic; a share of the range never is.
    let range = (i128::from(most) - i128::from(least)).max(1);
    let usable = i128::from(FIELD - TOP);
    let down = |owed: i64| -> i32 {
        let share = (i128::from(most) - i128::from(owed)) * usable / range;
        TOP + i32::try_from(share).unwrap_or(0)
    };
    let zero = if most == 0 && least == 0 { FIELD } else { down(0) };
    let count = i32::try_from(months.len().max(1)).unwrap_or(1);
    let step = WIDTH / count;
    let width = (step * 3 / 5).clamp(4, 40);
    let bars = months
        .iter()
        .enumerate()
        .map(|(index, month)| {
            let at = if month.owed == 0 { zero } else { down(month.owed) };
            let left = step * i32::try_from(index).unwrap_or(0);
            let height = (zero - at).abs().max(2);
            let y = if month.owed > 0 { zero - height } else { zero };
            Bar {
                x: left + (step - width) / 2,
                y,
                width,
                height,
                middle: left + step / 2,
                number_y: if month.owed < 0 { y + height + 13 } else { y - 6 },
                index,
                is_last: index + 1 == months.len(),
            }
        })
        .collect();
    (bars, zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn months(owed: &[i64]) -> Vec<MonthEnd> {
        owed.iter().map(|owed| MonthEnd { month: date(2026, 1, 1), owed: *owed }).collect()
    }

    #[test]
    fn more_owed_is_higher_and_credit_hangs_below_the_line() {
        let (bars, zero) = bars(&months(&[0, 5_000, 10_000, -2_500]));
        assert!(bars[2].height > bars[1].height && bars[1].height > bars[0].height);
        assert!(bars[2].y < zero && bars[3].y == zero);
        assert!(bars[3].is_last && !bars[2].is_last);
    }

    proptest::proptest! {
        #[test]
        fn no_bar_leaves_the_picture(owed in proptest::collection::vec(proptest::prelude::any::<i64>(), 0..13)) {
            let (bars, zero) = bars(&months(&owed));
            proptest::prop_assert!((0..=HEIGHT).contains(&zero));
            for bar in bars {
                proptest::prop_assert!(bar.x >= 0 && bar.x + bar.width <= WIDTH);
                proptest::prop_assert!(bar.y >= 0 && bar.y + bar.height <= FIELD + 2);
            }
        }
    }
}
