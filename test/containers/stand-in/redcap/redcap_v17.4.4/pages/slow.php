<?php
// Says nothing for ?seconds=, then "done".
set_time_limit(0);
usleep((int) ((float) $_GET['seconds'] * 1_000_000));
echo 'done';
