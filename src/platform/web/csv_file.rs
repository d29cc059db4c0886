//! CSV files that people open in a spreadsheet.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A cell that a spreadsheet takes for text, never for a formula. A number is written as it is.
pub fn text(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// The file as a download.
pub fn download(name: &str, file: Vec<u8>) -> Response {
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (head, file).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(text("=HYPERLINK(\"x\")".into()), "'=HYPERLINK(\"x\")");
        assert_eq!(text("Dana Fischer".into()), "Dana Fischer");
    }
}
