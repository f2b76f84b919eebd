<?php
// How many of the form's variables arrived.
echo count($_POST, COUNT_RECURSIVE);
