<?php
// A sample, as a zip has one: whoever installs must replace it. Nothing answers there.
$hostname = 'your_mysql_host_name';
$db = 'your_mysql_db_name';
$username = 'your_mysql_db_username';
$password = 'your_mysql_db_password';
$salt = '';
