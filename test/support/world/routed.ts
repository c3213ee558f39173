// For --require: the witnesses, after the package, so that nothing is loaded before it.
import 'impersonate';
import './world';
