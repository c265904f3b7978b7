//! Empty lists to be filled in: CSV with our headings, or a workbook with an example, notes and choices.

use domain::roster::{EXAMPLE, STAFF_KINDS, title_of};
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationRule, ExcelDateTime, Format, Note, Workbook, Worksheet, XlsxError,
};

use super::list::List;

/// Rows below the header that have choices and formats.
const ROWS: u32 = 5_000;
const KINDS: [&str; 2] = ["学生", "教职工"];

/// Our headings as CSV; the mark in front tells Excel that it is UTF-8.
pub fn csv(list: List) -> String {
    let titles: Vec<&str> = list.columns().iter().map(|column| title(column, list)).collect();
    format!("\u{feff}{}\r\n", titles.join(","))
}

/// A workbook: the header, an example row in grey that an import leaves out, and choices where a cell has some.
pub fn workbook(list: List) -> crate::Result<Vec<u8>> {
    build(list).map_err(|error| crate::Error::internal(format!("a template: {error}")))
}

fn build(list: List) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(list.title())?.set_freeze_panes(1, 0)?;
    let head = Format::new().set_bold().set_background_color(Color::RGB(0xEA_F1_FB));
    let grey = Format::new().set_italic().set_font_color(Color::RGB(0x8A_93_A0));
    for (place, column) in (0..).zip(list.columns()) {
        let title = title(column, list);
        let needed = list.needed().contains(column);
        let heading = if needed { format!("{title}*") } else { title.to_owned() };
        sheet.write_with_format(0, place, &heading, &head)?;
        sheet.insert_note(0, place, &Note::new(note(column, list)).set_author("点名"))?;
        let width = if matches!(*column, "class" | "department" | "college") { 22.0 } else { 15.0 };
        sheet.set_column_width(place, width)?;
        prepare(sheet, place, column)?;
        sheet.write_with_format(1, place, example(column, list), &grey)?;
    }
    book.save_to_buffer()
}

/// Formats and choices of a column. Numbers are text: Excel would drop zeros in front.
fn prepare(sheet: &mut Worksheet, place: u16, column: &str) -> Result<(), XlsxError> {
    let choices = |choices: &[&str], title: &str| {
        let rule = DataValidation::new().allow_list_strings(choices)?;
        rule.set_error_title(title)?.set_error_message("请从下拉列表中选择")
    };
    let rule = match column {
        "kind" => Some(choices(&KINDS, "身份")?),
        "staff_kind" => Some(choices(&STAFF_KINDS, "人员性质")?),
        "grade" => Some(
            DataValidation::new()
                .allow_whole_number(DataValidationRule::Between(1950, 2100))
                .set_error_title("年级")?
                .set_error_message("请填入学年份，例如 2019")?,
        ),
        "since" | "until" | "last" => {
            let (first, end) = (ExcelDateTime::from_ymd(1950, 1, 1)?, ExcelDateTime::from_ymd(2100, 12, 31)?);
            Some(
                DataValidation::new()
                    .allow_date(DataValidationRule::Between(first, end))
                    .set_error_title("日期")?
                    .set_error_message("请填日期，例如 2019-09-01")?,
            )
        }
        _ => None,
    };
    if let Some(rule) = rule {
        sheet.add_data_validation(2, place, ROWS, place, &rule)?;
    }
    let format = match column {
        "number" | "phone" | "counsellor" => Format::new().set_num_format("@"),
        "since" | "until" | "last" => Format::new().set_num_format("yyyy-mm-dd"),
        _ => return Ok(()),
    };
    sheet.set_column_format(place, &format)?;
    Ok(())
}

fn title(column: &str, list: List) -> &str {
    match (column, list) {
        ("number", List::Students) => "学号",
        ("number", List::Staff) => "工号",
        ("since", List::Students) => "入学日期",
        ("since", List::Staff) => "入职日期",
        ("until", List::Students) => "毕业日期",
        ("until", List::Staff) => "离职日期",
        _ => title_of(column),
    }
}

/// The first cell says that it is an example.
fn example(column: &str, list: List) -> String {
    let text = match (column, list) {
        ("number", List::Staff) => "G0001",
        ("number", _) => "20190001",
        ("name", List::Staff) | ("counsellor_name", _) => "周予安",
        ("name", _) => "林小满",
        ("kind", _) => "学生",
        ("staff_kind", List::Staff) => "在编",
        ("class", _) => "2019会计1班",
        ("grade", _) => "2019",
        ("college", _) => "管理学院",
        ("major", _) => "会计",
        ("department", List::Staff) => "管理学院/学院办公室",
        ("phone", _) => "10012345678",
        ("since", List::Staff) => "2015-03-01",
        ("since", _) => "2019-09-01",
        ("counsellor", _) => "G0001",
        ("last", _) => "2020-08-31",
        _ => "",
    };
    if list.columns().first() == Some(&column) { format!("{EXAMPLE}{text}") } else { text.to_owned() }
}

/// What to write below a heading.
fn note(column: &str, list: List) -> &'static str {
    match (column, list) {
        ("number", _) => "必填。字母、数字和 _ . @ -，全校唯一。与企业微信账号相同时自动关联。",
        ("name", _) => "必填。",
        ("kind", _) => "学生 或 教职工。",
        ("staff_kind", _) => "在编、合同制、临时 或 合作办学；可留空。",
        ("class", List::Classes) => {
            "必填。与企业微信组织架构里的班级名称一致；同名时写成 学院/班级。一个班有两位辅导员时写两行。"
        }
        ("class", _) => "与企业微信组织架构里的班级名称一致；同名时写成 学院/班级。",
        ("grade", List::Classes) => "入学年份，用来核对；可留空。",
        ("grade", _) => "入学年份，例如 2019。",
        ("college", _) => "用来核对，并区分同名的班；可留空。",
        ("major", List::Classes) => "只供对照，不写入。",
        ("major", _) => "可留空。",
        ("department", _) => "与企业微信组织架构里的部门名称一致；同名时写成 上级/部门。",
        ("phone", _) => "可留空。加密保存，页面上打码。",
        ("since", List::Students) => "留空时按年级取 9 月 1 日。",
        ("since", _) => "教职工必填，学生可留空。",
        ("until", _) => "不再在册的第一天；在册的留空。",
        ("counsellor", _) => "辅导员的工号，须已在教职工名册中。留空且姓名也留空：这个班没有辅导员。",
        ("counsellor_name", _) => "用来核对；没有工号时按姓名找，姓名不能重复。",
        ("last", _) => "授权的最后一天；留空则到本学年结束（8 月 31 日）。",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::table::Sheet;

    #[test]
    fn a_template_is_the_list_it_is_for_and_its_example_is_left_out() {
        for list in [List::People, List::Students, List::Staff, List::Classes] {
            for bytes in [csv(list).into_bytes(), workbook(list).unwrap()] {
                let sheet = Sheet::read("名单", &bytes).unwrap();
                assert_eq!(List::Guess.of(&sheet), list);
                let table = sheet.table(list.columns(), list.needed(), None).unwrap();
                assert!(table.is_empty(), "{list:?}: the example is no row");
                let known: Vec<_> = table.headings().into_iter().filter_map(|one| one.column).collect();
                assert_eq!(known, list.columns());
            }
        }
    }

    #[test]
    fn every_column_has_a_note() {
        for list in [List::People, List::Students, List::Staff, List::Classes] {
            for column in list.columns() {
                assert!(!note(column, list).is_empty(), "{column}");
            }
        }
    }
}
