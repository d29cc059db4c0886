# What is said of a file of charts, by the command and in the browser
import-at-line = line { $line }: { $reason }
import-at-cell = line { $line }, column { $column }: { $reason }
import-utf-16 = The file is encoded in UTF-16. Save it as "CSV UTF-8" and try again.
import-spreadsheet = The file is a spreadsheet or an archive, not CSV. Save it as "CSV UTF-8" and try again.
import-zero-bytes = The file has zero bytes in it: it is encoded in UTF-16, or is no text. Save it as "CSV UTF-8" and try again.
import-not-utf-8 = This line is not UTF-8; the file is probably encoded in Latin-1 or Windows-1252. Save it as "CSV UTF-8" and try again.
import-too-large = The file is larger than 256 MB. Split it into several.
import-empty = The file is empty. Its first line names the columns.
import-quote-open = A quotation mark is opened on this line and never closed.
import-quote-inside = A quotation mark is in the middle of a cell. Put the whole cell into quotation marks and double the ones inside it.
import-quote-behind = There is text behind a closing quotation mark. Double the quotation marks inside a cell.
import-column-twice = This column is in the header twice.
import-column-missing = This column is missing in the header.
import-column-name-twice = The name is in last_and_first_name already. Leave one of them out.
import-column-nameless = Column { $number } has no name, and there is something in it.
import-column-meant = There is no such column. Did you mean { $column }?
import-columns-many = The file has more than { $most } columns. Export only what is asked for here.
import-column-long = A column’s name is longer than { $most } characters. Is the first line the header?
import-column-unknown = There is no such column. Remove it, or see the list of columns.
import-row-length = This row has { $cells } cells; the header has { $columns } columns.
import-stopped = The check stopped here: { $places } places are wrong already.
import-yes-or-no = Write yes or no.
import-name-without-comma = Write the last name, a comma, and the first name.
import-date-form = Write the date as YYYY-MM-DD or MM/DD/YYYY, the year with four digits.
import-date-form-day-first = Write the date as YYYY-MM-DD or DD/MM/YYYY, the year with four digits.
import-date-short-year = The year has two digits. Write all four, such as 1990.
import-date-day-first = There is no month { $month }. Dates with slashes are read month first (MM/DD/YYYY) here. If the day is first in this file, say so where you choose what its columns are (birth_date_day_first), or write every date as YYYY-MM-DD; otherwise days up to 12 would be taken for months.
import-date-month-first = There is no month { $month }. Dates with slashes are read day first (DD/MM/YYYY) in this column. If the month is first, choose the other order for this column, or write every date as YYYY-MM-DD.
import-date-no-such-month = There is no such month.
import-date-no-such-day = There is no such day.
import-date-future = This day is in the future.
import-date-too-old = The year is before 1900.
import-number-missing = The chart number is missing.
import-number-twice = Line { $line } has this chart number already.
import-number-twice-otherwise = Line { $line } has this chart number already, written { $number }; capitals do not count.
import-language = Write en or es, or leave it empty.
import-time-zone = Write an IANA name such as America/New_York, or leave it empty.
import-lost-letter = The sign � stands for a letter that was lost when the file was saved. Export it again as "CSV UTF-8".
import-odd-decoded-twice = { $cell } was probably { $meant } before the file was saved in the wrong encoding. It is kept as it is.
import-odd-last-name = "{ $last }" is no last name. It is kept, and who registers is asked for { $first } instead.
import-odd-first-name = "{ $first }" is no first name. It is kept; who registers is asked for { $last }.
import-odd-no-name = "{ $first } { $last }" is no name. It is kept, and nobody can be invited to this chart before the name is known.

# The pages
import-title = Import charts
import-link = Import
import-see-charts = See the newest charts
import-done = The import is done: { $created }, { $updated }, { $unchanged }.
import-done-before = This file is imported already. Nothing was written twice.
import-created = { $charts ->
    [one] 1 new chart
   *[other] { $charts } new charts
}
import-updated = { $charts ->
    [one] 1 chart changed
   *[other] { $charts } charts changed
}
import-unchanged = { $charts ->
    [one] 1 chart unchanged
   *[other] { $charts } charts unchanged
}
import-rows = { $rows ->
    [one] 1 row
   *[other] { $rows } rows
}
import-file = CSV file
import-file-hint = Encoded in UTF-8, at most { $megabytes } MB. For larger files, ask the person who operates Anteroom.
import-nothing-yet = Uploading writes no chart. You see first what would happen.
import-upload = Upload and check
import-checking = The file is being uploaded and checked. A large one takes a minute.
import-upload-missing = Choose a CSV file
import-upload-too-large = The file is larger than { $megabytes } MB. Split it, or ask the person who operates Anteroom to import it.
import-columns-title = Columns
import-columns-text = The first line names the columns. If yours have other names, you say once which is which, and that is kept for the next file.
import-column-name = Name
import-column-holds = What it holds
import-map-title = Which column is which?
import-map-text = These are the columns of { $file }. Your choice is kept for the next file.
import-map-theirs = Column in the file
import-map-example = Example
import-map-ours = Goes to
import-map-keep = Keep and check the file
import-mapped-twice = { $header } goes to the same place as another column
import-map-number = Choose the column with the chart number
import-map-name = Choose the columns with the first and the last name, or the one with both
import-map-name-twice = Choose either the first and the last name, or the one column with both
import-leave-out = Leave out
import-other-file = Choose another file
import-preview-title = Check the import
import-preview-file = { $file }: { $rows }
import-bad = { $places ->
    [one] 1 place in the file is wrong
   *[other] { $places } places in the file are wrong
}
import-bad-text = Nothing can be written before they are corrected. Correct the file and upload it again.
import-odd-title = Worth a look
import-odd-text = These places do not stop the import.
import-first-rows = The first rows
import-all-rows = The rows
import-outcome = What happens
import-outcome-created = New
import-outcome-updated = Changes
import-outcome-unchanged = Unchanged
import-apply = Import these charts
import-running = The charts are being imported. This can take some minutes. If the connection is lost, the import goes on by itself.
import-under-way = This import was begun: { $done } of { $rows } rows are written. The rest goes on by itself within a minute, or when you press the button below.
import-nothing-to-do = Every chart is already as it is in this file.
import-change-columns = Change the columns
import-label-chart_number = Chart number (needed)
import-label-last_and_first_name = Last name, comma, first name, in one column
import-label-former_last_names = Former last names, separated by ; or |
import-label-birth_date = Date of birth, YYYY-MM-DD or MM/DD/YYYY
import-label-birth_date_day_first = Date of birth, the day first: YYYY-MM-DD or DD/MM/YYYY
import-label-language = Language: en or es
import-label-time_zone = Time zone, such as America/New_York
import-label-email = E-mail address
import-label-email_2 = Second e-mail address
import-label-email_3 = Third e-mail address
import-label-email_may_be_used = May the practice write to the e-mail addresses? yes or no
import-label-phone_2 = Second phone
import-label-phone_3 = Third phone
import-label-phone_may_be_used = May the practice use the phones? yes or no
import-label-contact_relation = Related contact: relation
import-label-contact_first_name = Related contact: first name
import-label-contact_last_name = Related contact: last name
import-label-contact_birth_date = Related contact: date of birth
import-label-contact_birth_date_day_first = Related contact: date of birth, the day first
import-label-contact_email = Related contact: e-mail address
import-label-contact_phone = Related contact: phone
