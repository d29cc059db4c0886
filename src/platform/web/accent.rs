//! The practice's one colour, made readable: whatever is picked, text in it, text on it and the
//! outline of a control keep their contrast (WCAG 1.4.3 and 1.4.11), in light and in dark.
//!
//! The hue and, as far as the screen can show it, the colourfulness stay the practice's; only the
//! lightness moves, in Oklab, until the contrast is there.

/// An accent colour, `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Accent([u8; 3]);

impl Default for Accent {
    /// The green of Anteroom's own pages.
    fn default() -> Self {
        Self([0x2f, 0x6f, 0x62])
    }
}

/// The stylesheet's papers; the accent must be readable on the most contrary of each.
const PAPER_LIGHT: [u8; 3] = [0xf3, 0xf1, 0xec];
const PAPER_DARK: [u8; 3] = [0x2b, 0x2a, 0x28];
const WHITE: [u8; 3] = [0xff; 3];
const INK: [u8; 3] = [0x16, 0x15, 0x13];

impl Accent {
    /// Reads `rrggbb`, with or without the `#`.
    pub fn read(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#').unwrap_or(text);
        if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// From the practice's column; the default for anything unreadable.
    pub fn of(text: &str) -> Self {
        Self::read(text).unwrap_or_default()
    }

    /// `rrggbb`, lower case.
    pub fn hex(self) -> String {
        hex(self.0)
    }

    /// For a light page: as text on paper, and as a button's ground under white.
    pub fn on_light(self) -> [u8; 3] {
        self.moved(-1.0, |c| contrast(c, PAPER_LIGHT) >= 4.9 && contrast(c, WHITE) >= 4.9)
    }

    /// For a dark page: as text on dark paper, and as a button's ground under ink.
    pub fn on_dark(self) -> [u8; 3] {
        self.moved(1.0, |c| contrast(c, PAPER_DARK) >= 5.5 && contrast(c, INK) >= 5.5)
    }

    /// A pale wash for the present entry of a list, light and dark.
    fn washes(self) -> ([u8; 3], [u8; 3]) {
        let (_, c, h) = oklch(self.0);
        (rgb(0.945, (c * 0.26).min(0.026), h), rgb(0.30, (c * 0.32).min(0.034), h))
    }

    /// Steps the lightness in one direction until the colour will do.
    fn moved(self, direction: f64, will_do: impl Fn([u8; 3]) -> bool) -> [u8; 3] {
        let (mut l, c, h) = oklch(self.0);
        // A near-white on a light page (or a near-black on a dark one) walks the whole way.
        for _ in 0..200 {
            let candidate = rgb(l, c, h);
            if will_do(candidate) {
                return candidate;
            }
            l += direction * 0.005;
        }
        if direction < 0.0 { INK } else { WHITE }
    }

    /// The lines that end a practice's stylesheet.
    pub fn css(self) -> String {
        let (light, dark) = (self.on_light(), self.on_dark());
        let (wash_light, wash_dark) = self.washes();
        format!(
            ":root{{--accent:light-dark(#{},#{});--accent-wash:light-dark(#{},#{})}}\n",
            hex(light),
            hex(dark),
            hex(wash_light),
            hex(wash_dark)
        )
    }
}

fn hex(c: [u8; 3]) -> String {
    format!("{:02x}{:02x}{:02x}", c[0], c[1], c[2])
}

fn linear(channel: u8) -> f64 {
    let v = f64::from(channel) / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// Contrast of two colours as WCAG 2 has it, 1 to 21.
pub fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let luminance = |c: [u8; 3]| 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Lightness, chroma, hue in radians (Ottosson's Oklab, polar).
fn oklch(colour: [u8; 3]) -> (f64, f64, f64) {
    let (r, g, b) = (linear(colour[0]), linear(colour[1]), linear(colour[2]));
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    let lightness = 0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s;
    let a = 1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s;
    let b = 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s;
    (lightness, a.hypot(b), b.atan2(a))
}

/// Back to the screen. Where the screen has no such colour, the chroma gives way, not the lightness.
fn rgb(lightness: f64, chroma: f64, hue: f64) -> [u8; 3] {
    let channels = |chroma: f64| {
        let (a, b) = (chroma * hue.cos(), chroma * hue.sin());
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
        ]
    };
    let shows = |c: &[f64; 3]| c.iter().all(|v| (-0.0005..=1.0005).contains(v));
    let mut chroma = chroma;
    let mut linear = channels(chroma);
    while !shows(&linear) && chroma > 0.0 {
        chroma -= 0.004;
        linear = channels(chroma.max(0.0));
    }
    linear.map(|v| {
        let v = v.clamp(0.0, 1.0);
        let v = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        // In range by the clamp above.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let byte = (v * 255.0).round() as u8;
        byte
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a11_07_any_colour_keeps_its_contrast_in_light_and_dark() {
        let steps = [0u8, 0x22, 0x44, 0x66, 0x88, 0xaa, 0xcc, 0xee, 0xff];
        for r in steps {
            for g in steps {
                for b in steps {
                    let accent = Accent([r, g, b]);
                    let (light, dark) = (accent.on_light(), accent.on_dark());
                    for (colour, ground) in
                        [(light, PAPER_LIGHT), (light, WHITE), (dark, PAPER_DARK), (dark, INK)]
                    {
                        let found = contrast(colour, ground);
                        assert!(found >= 4.5, "#{}: {found:.2}", accent.hex());
                    }
                    let (wash_light, wash_dark) = accent.washes();
                    assert!(contrast(light, wash_light) >= 4.5, "#{} on its wash", accent.hex());
                    assert!(contrast(dark, wash_dark) >= 4.5, "#{} on its dark wash", accent.hex());
                }
            }
        }
    }

    #[test]
    fn a_colour_that_is_readable_already_stays_itself() {
        let accent = Accent::default();
        assert_eq!(hex(accent.on_light()), "2f6f62");
        assert_eq!(Accent::read("#2F6F62"), Some(accent));
        for wrong in ["", "#fff", "2f6f6", "2f6f6g", "ééé"] {
            assert!(Accent::read(wrong).is_none(), "{wrong}");
        }
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.01);
    }
}
